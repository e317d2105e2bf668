//! An order as this service keeps it.

use events::{
    AccountId, Address, Asks, Money, OrderCreate, OrderDetails, OrderId, OrderLine, OrderStatus,
    OrderUpdate, PaymentChoice, Reason,
};
use jiff::Timestamp;
use uuid::Uuid;

/// Who and when: what an order is besides its products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The order's id.
    pub id: OrderId,
    /// Who places it.
    pub customer: AccountId,
    /// What it asks for besides its products.
    pub asks: Asks,
    /// The time.
    pub now: Timestamp,
}

/// Who took a step of an order's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// This service, when the order was placed.
    Orders,
    /// The stock engine.
    Products,
    /// The payments.
    Payments,
}

impl Author {
    /// The service's name, as HTTP and the database have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Products => "products",
            Self::Payments => "payments",
        }
    }

    /// The author of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Orders, Self::Products, Self::Payments]
            .into_iter()
            .find(|author| author.name() == name)
    }
}

/// A step of an order's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where the order stood from then on.
    pub status: OrderStatus,
    /// When it was decided, to the millisecond.
    pub at: Timestamp,
    /// Who decided it.
    pub by: Author,
    /// Why, for a rejection and a cancellation.
    pub reason: Option<Reason>,
    /// What the person who cancelled it wrote. It is published nowhere: the topic is kept for ever.
    pub note: Option<String>,
}

impl Step {
    /// The step that begins an order's way.
    pub fn placed(at: Timestamp) -> Self {
        Self {
            status: OrderStatus::Pending,
            at,
            by: Author::Orders,
            reason: None,
            note: None,
        }
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its identity.
    pub id: OrderId,
    /// Who placed it.
    pub customer: AccountId,
    /// What is wanted; each product once, in the order in which the customer named them first.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines.
    pub total: Money,
    /// What it asks for besides its products.
    pub asks: Asks,
    /// Where it stands.
    pub status: OrderStatus,
    /// Why it was rejected or cancelled.
    pub reason: Option<Reason>,
    /// Rises by one with every step, from 1.
    pub version: u64,
    /// When it was placed, to the millisecond.
    pub created_at: Timestamp,
    /// When its last step was written here; what is published of the next one comes after it.
    pub changed_at: Timestamp,
    /// Its steps, oldest first; never empty.
    pub history: Vec<Step>,
}

/// The id of the event that says that `order` has come to `version`: the same whenever that is said
/// again, also by a database that was restored from an older state.
pub fn update_id(order: OrderId, version: u64) -> Uuid {
    let id = order.as_u128() ^ u128::from(version);
    uuid::Builder::from_custom_bytes(id.to_be_bytes()).into_uuid()
}

/// The id of the event that says in `version` what `order` needs besides its products: the same whenever
/// that is said again.
pub fn details_id(order: OrderId, version: u64) -> Uuid {
    /// Tells it from an [`update_id`].
    const DETAILS: u128 = 1 << 32;
    let id = order.as_u128() ^ DETAILS ^ u128::from(version);
    uuid::Builder::from_custom_bytes(id.to_be_bytes()).into_uuid()
}

impl Order {
    /// A new order of `who`.
    pub fn placed(who: Identity, lines: Vec<OrderLine>, total: Money) -> Self {
        Self {
            id: who.id,
            customer: who.customer,
            lines,
            total,
            asks: who.asks,
            status: OrderStatus::Pending,
            reason: None,
            version: 1,
            created_at: who.now,
            changed_at: who.now,
            history: vec![Step::placed(who.now)],
        }
    }

    /// It as it is when it is rejected instead of being placed.
    #[must_use]
    pub fn rejected(mut self, reason: Reason) -> Self {
        self.status = OrderStatus::Rejected;
        for step in &mut self.history {
            step.status = OrderStatus::Rejected;
            step.reason = Some(reason.clone());
        }
        self.reason = Some(reason);
        self
    }

    /// How it is to be paid for and where it goes, for those who see to it; nothing for an order that asks
    /// for nothing.
    pub fn to_details(
        &self,
        payment: Option<PaymentChoice>,
        delivery: Option<Address>,
    ) -> Option<OrderDetails> {
        (!self.asks.is_nothing()).then_some(OrderDetails {
            order_id: self.id,
            customer_id: self.customer,
            payment,
            delivery,
            version: 1,
        })
    }

    /// The event that overwrites what is personal of it, once its last step has brought it to rest.
    pub fn to_closed_details(&self) -> Option<OrderDetails> {
        let [.., before, last] = self.history.as_slice() else {
            return None;
        };
        if before.status.rests(self.asks) || !last.status.rests(self.asks) {
            return None;
        }
        let details = self.to_details(None, None)?;
        Some(OrderDetails {
            version: 2,
            ..details
        })
    }

    /// The event that it was placed.
    pub fn to_event(&self) -> OrderCreate {
        OrderCreate {
            order_id: self.id,
            customer_id: self.customer,
            lines: self.lines.clone(),
            total: self.total,
            asks: self.asks,
            version: 1,
        }
    }

    /// The order that `event`, published at `placed_at`, is about: as it was when it was placed.
    pub fn from_event(event: &OrderCreate, placed_at: Timestamp) -> Self {
        let who = Identity {
            id: event.order_id,
            customer: event.customer_id,
            asks: event.asks,
            now: placed_at,
        };
        Self::placed(who, event.lines.clone(), event.total)
    }

    /// Takes a step, written at `written_at`.
    pub fn take(&mut self, step: Step, written_at: Timestamp) {
        self.status = step.status;
        if step.reason.is_some() {
            self.reason.clone_from(&step.reason);
        }
        self.version += 1;
        self.changed_at = written_at;
        self.history.push(step);
    }

    /// What is said of it once it has taken its last step.
    pub fn to_update(&self) -> OrderUpdate {
        OrderUpdate {
            order_id: self.id,
            customer_id: self.customer,
            lines: self.lines.clone(),
            total: self.total,
            asks: self.asks,
            status: self.status,
            reason: self.reason.clone(),
            by: self
                .history
                .last()
                .map_or(Author::Orders, |step| step.by)
                .name()
                .to_owned(),
            version: self.version,
        }
    }

    /// The order as it was when it was placed, whatever became of it: the answer that a repeated
    /// request gets.
    #[must_use]
    pub fn as_placed(mut self) -> Self {
        self.history.truncate(1);
        self.status = OrderStatus::Pending;
        self.reason = None;
        self.version = 1;
        self.changed_at = self.created_at;
        self
    }
}
