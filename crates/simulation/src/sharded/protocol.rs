//! What coordinators and shards say to each other, and what they set their clocks for.

use std::collections::BTreeMap;

/// A point of the simulated time, or a length of it, in microseconds.
pub(super) type Micros = u64;

/// An order, by its place in the row of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OrderNo(pub(super) u32);

/// A shard of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShardNo(pub(super) usize);

/// A product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProductNo(pub(super) usize);

/// So many pieces of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) product: ProductNo,
    /// At least 1.
    pub(super) pieces: u32,
}

/// An order's lines, each product once, by the shard that has the product.
pub(super) type Parts = BTreeMap<ShardNo, Vec<Line>>;

/// What a coordinator asks of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) order: OrderNo,
    /// Which try to settle the order this belongs to, from 1. A shard listens to no older
    /// one than the newest that it knows.
    pub(super) attempt: u32,
    pub(super) to: ShardNo,
    pub(super) request: Request,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Set these aside. An order that lies on this shard `alone` is decided here: then they
    /// are taken at once.
    Hold { lines: Vec<Line>, alone: bool },
    /// All shards hold: the pieces are sold.
    Confirm,
    /// Give back what is held, and hold nothing for this attempt any more.
    Cancel,
}

/// What a shard says to the order's coordinator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) order: OrderNo,
    pub(super) attempt: u32,
    pub(super) from: ShardNo,
    pub(super) says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// The pieces are set aside.
    Held,
    /// The pieces are sold; for an order that lies on this shard alone.
    Taken,
    /// There are not enough: `for_good`, or only until other orders' holds are cancelled.
    Refused {
        for_good: bool,
    },
    Confirmed,
    Cancelled,
    /// The hold's time is over, and nothing was heard: what became of the order?
    Lapsed,
}

/// What travels.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// `OrderCreate`, to the order's coordinator.
    Place(OrderNo),
    Ask(Ask),
    Answer(Answer),
}

impl Message {
    pub(super) fn order(&self) -> OrderNo {
        match self {
            Self::Place(order) => *order,
            Self::Ask(ask) => ask.order,
            Self::Answer(answer) => answer.order,
        }
    }
}

/// What somebody wants to be woken for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Alarm {
    /// An order is to be looked at; only the newest alarm of an order counts.
    Order { order: OrderNo, number: u64 },
    /// A hold runs out.
    Hold {
        shard: ShardNo,
        order: OrderNo,
        attempt: u32,
    },
}

/// What follows from a step.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Say(Message),
    Wake { at: Micros, alarm: Alarm },
}
