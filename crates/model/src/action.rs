//! What can happen.

use std::fmt;

/// A service that publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The orders service.
    Orders,
    /// The products service.
    Products,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Orders, Self::Products];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Products => "products",
        }
    }
}

/// How a relay's round ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayEnd {
    /// Everything published, then deleted.
    Done,
    /// The process dies when so many are published.
    Dies(u8),
    /// The process stalls when so many are published, and another one takes the lease.
    Stalls(u8),
    /// The delivery of this message fails and the round goes on. Only without
    /// [`Guard::KeyOrder`](crate::Guard::KeyOrder).
    Skips(u8),
}

/// How a batch's run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchEnd {
    /// Committed.
    Done,
    /// Committed, but the reply is lost: the batch is run again.
    ReplyLost,
    /// The transaction stays open for now.
    Stalls,
    /// The process dies after the checkpoint's own transaction. Only without
    /// [`Guard::Checkpoint`](crate::Guard::Checkpoint).
    DiesAfterCheckpoint,
    /// The process dies after the transaction and before the outbox record. Only without
    /// [`Guard::OutboxInTransaction`](crate::Guard::OutboxInTransaction).
    DiesBeforeOutbox,
}

/// A step of the whole system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Orders takes an order: the order and its outbox record.
    Place(u8),
    /// The same, and the process dies between the two. Only without
    /// [`Guard::OutboxInTransaction`](crate::Guard::OutboxInTransaction).
    PlaceDies(u8),
    /// The same, with an outbox record whose id was drawn before those that are published
    /// already. Without a position in the relay this is no different from `Place`.
    PlaceLate(u8),
    /// A customer cancels an order.
    Cancel(u8),
    /// The client heard no answer and sends its request again.
    PlaceAgain(u8),
    /// A relay's round.
    Relay(Side, RelayEnd),
    /// A stalled relay goes on.
    RelayResumes(Side, RelayEnd),
    /// A stalled relay never comes back.
    RelayVanishes(Side),
    /// Products handles so many records of each partition of the order topic.
    Decide([u8; 2], BatchEnd),
    /// The stalled transaction of products is committed, or tried again.
    DecideResumes,
    /// The stalled process of products never comes back.
    DecideVanishes,
    /// Orders handles so many records of the status and the product topic.
    Settle([u8; 2], BatchEnd),
    /// The stalled transaction of orders is committed, or tried again.
    SettleResumes,
    /// The stalled process of orders never comes back.
    SettleVanishes,
    /// The partitions of the service's stalled consumer are given to another one.
    TakeOver(Side),
    /// The order topic is replayed to products from its first record.
    ReplayOrders,
    /// The status topic is replayed to orders from its first record.
    ReplayStatuses,
    /// The product topic is replayed to orders from its first record.
    ReplayProducts,
}

impl fmt::Display for RelayEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => write!(f, "publishes all it has and deletes it"),
            Self::Dies(published) => write!(f, "dies when {published} are published"),
            Self::Stalls(published) => write!(f, "stalls when {published} are published"),
            Self::Skips(failed) => write!(f, "goes on although message {failed} failed"),
        }
    }
}

impl fmt::Display for BatchEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "and commits",
            Self::ReplyLost => "and commits, hears nothing, and runs it again",
            Self::Stalls => "and stalls before the commit",
            Self::DiesAfterCheckpoint => "and dies when only the checkpoint is committed",
            Self::DiesBeforeOutbox => "and dies before the outbox record is written",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(order) => write!(f, "order {order} is placed"),
            Self::PlaceDies(order) => {
                write!(
                    f,
                    "order {order} is placed, and orders dies before its outbox record"
                )
            }
            Self::PlaceLate(order) => {
                write!(
                    f,
                    "order {order}, begun before what is published, is committed"
                )
            }
            Self::Cancel(order) => write!(f, "order {order} is cancelled"),
            Self::PlaceAgain(order) => write!(f, "the request for order {order} comes again"),
            Self::Relay(side, end) => write!(f, "the relay of {} {end}", side.name()),
            Self::RelayResumes(side, end) => {
                write!(f, "the stalled relay of {} goes on and {end}", side.name())
            }
            Self::RelayVanishes(side) => {
                write!(f, "the stalled relay of {} never comes back", side.name())
            }
            Self::Decide([first, second], end) => {
                write!(f, "products handles {first} + {second} orders {end}")
            }
            Self::DecideResumes => write!(f, "products' stalled transaction goes on"),
            Self::DecideVanishes => write!(f, "products' stalled process never comes back"),
            Self::Settle([statuses, states], end) => write!(
                f,
                "orders handles {statuses} decisions + {states} product states {end}"
            ),
            Self::SettleResumes => write!(f, "orders' stalled transaction goes on"),
            Self::SettleVanishes => write!(f, "orders' stalled process never comes back"),
            Self::TakeOver(side) => {
                write!(
                    f,
                    "another instance of {} takes over from the stalled one",
                    side.name()
                )
            }
            Self::ReplayOrders => write!(f, "the order topic is replayed"),
            Self::ReplayStatuses => write!(f, "the status topic is replayed"),
            Self::ReplayProducts => write!(f, "the product topic is replayed"),
        }
    }
}
