//! An order's statuses, and the one table of the steps between them.

use serde::{Deserialize, Serialize};

/// What an order asks for besides its products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asks {
    /// It is to be paid for.
    pub payment: bool,
    /// It is to be delivered, once it is paid for.
    pub delivery: bool,
}

impl Asks {
    /// Its products, and nothing else.
    pub const NOTHING: Self = Self {
        payment: false,
        delivery: false,
    };
    /// Every combination.
    pub const ALL: &[Self] = &[
        Self::NOTHING,
        Self {
            payment: true,
            delivery: false,
        },
        Self {
            payment: false,
            delivery: true,
        },
        Self {
            payment: true,
            delivery: true,
        },
    ];

    /// Whether it asks for nothing besides its products.
    pub fn is_nothing(&self) -> bool {
        *self == Self::NOTHING
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Placed, not decided yet.
    Pending,
    /// Its products are reserved for it.
    Accepted,
    /// It can't be fulfilled.
    Rejected,
    /// The money is there.
    Paid,
    /// A courier has the first of its goods.
    InDelivery,
    /// Its goods have arrived.
    Delivered,
    /// The customer wants it cancelled, and delivery has not answered yet.
    Cancelling,
    /// It will not be fulfilled; what was taken for it is given back.
    Cancelled,
}

use OrderStatus::{
    Accepted, Cancelled, Cancelling, Delivered, InDelivery, Paid, Pending, Rejected,
};

/// What an order must ask for to take a step.
#[derive(Debug, Clone, Copy)]
enum Needs {
    Nothing,
    Payment,
    Delivery,
}

impl Needs {
    const fn met_by(self, asks: Asks) -> bool {
        match self {
            Self::Nothing => true,
            Self::Payment => asks.payment,
            Self::Delivery => asks.delivery,
        }
    }
}

/// Every step that an order may take, and what it must ask for to take it. What is not here does
/// not happen. No sequence of steps comes back to where it began.
const TRANSITIONS: &[(OrderStatus, OrderStatus, Needs)] = &[
    (Pending, Accepted, Needs::Nothing),
    (Pending, Rejected, Needs::Nothing),
    (Pending, Cancelled, Needs::Nothing),
    (Accepted, Cancelled, Needs::Nothing),
    (Accepted, Paid, Needs::Payment),
    (Paid, Cancelled, Needs::Nothing),
    (Paid, Cancelling, Needs::Delivery),
    (Paid, InDelivery, Needs::Delivery),
    (Cancelling, Cancelled, Needs::Delivery),
    (Cancelling, InDelivery, Needs::Delivery),
    (InDelivery, Cancelled, Needs::Delivery),
    (InDelivery, Delivered, Needs::Delivery),
];

impl OrderStatus {
    /// Every status.
    pub const ALL: &[Self] = &[
        Pending, Accepted, Rejected, Paid, InDelivery, Delivered, Cancelling, Cancelled,
    ];

    /// Whether an order that asks for `asks` may go from here to `next`.
    pub fn may_become(self, next: Self, asks: Asks) -> bool {
        self.next(asks).any(|to| to == next)
    }

    /// The statuses that one step leads to.
    fn next(self, asks: Asks) -> impl Iterator<Item = Self> {
        TRANSITIONS
            .iter()
            .filter(move |(from, _, needs)| *from == self && needs.met_by(asks))
            .map(|(_, to, _)| *to)
    }

    /// The fewest steps from here to `end`, each by the status that it leads to: none when it is
    /// the same one, `None` when no steps lead there.
    pub fn steps_to(self, end: Self, asks: Asks) -> Option<Vec<Self>> {
        if self == end {
            return Some(Vec::new());
        }
        if self.may_become(end, asks) {
            return Some(vec![end]);
        }
        let rest = |next: Self| {
            let mut steps = vec![next];
            steps.extend(next.steps_to(end, asks)?);
            Some(steps)
        };
        self.next(asks).filter_map(rest).min_by_key(Vec::len)
    }

    /// Whether an order that asks for `asks` waits for nothing here: only a cancellation may
    /// still follow.
    pub const fn rests(self, asks: Asks) -> bool {
        match self {
            Rejected | Delivered | Cancelled => true,
            Accepted => !asks.payment,
            Paid => !asks.delivery,
            Pending | InDelivery | Cancelling => false,
        }
    }

    /// The name that HTTP and events use.
    pub const fn name(self) -> &'static str {
        match self {
            Pending => "PENDING",
            Accepted => "ACCEPTED",
            Rejected => "REJECTED",
            Paid => "PAID",
            InDelivery => "IN_DELIVERY",
            Delivered => "DELIVERED",
            Cancelling => "CANCELLING",
            Cancelled => "CANCELLED",
        }
    }
}
