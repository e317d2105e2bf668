//! A moment of the whole system: databases, topics, and what stalled processes hold.

use std::fmt;

use crate::log::Log;
use crate::message::{Message, Step};

/// The number of orders.
pub(crate) const ORDERS: usize = 3;
/// The number of products.
pub(crate) const PRODUCTS: usize = 2;
/// What each order wants of each product: the second one wants both.
pub(crate) const WANTED: [[u8; PRODUCTS]; ORDERS] = [[1, 0], [1, 1], [0, 2]];
/// The partition of each order's key.
pub(crate) const PARTITION: [usize; ORDERS] = [0, 1, 0];

/// Room for a service's unpublished messages, and for a topic's.
pub(crate) type Messages = Log<24>;

/// An order as orders has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    Absent,
    Pending,
    Accepted,
    Rejected,
    Cancelled,
}

impl Status {
    pub(crate) const fn decided(accepted: bool) -> Self {
        if accepted {
            Self::Accepted
        } else {
            Self::Rejected
        }
    }

    /// What is told of an order that has come here.
    pub(crate) const fn step(self) -> Option<Step> {
        match self {
            Self::Absent | Self::Pending => None,
            Self::Accepted => Some(Step::Accepted),
            Self::Rejected => Some(Step::Rejected),
            Self::Cancelled => Some(Step::Cancelled),
        }
    }
}

impl From<Step> for Status {
    fn from(step: Step) -> Self {
        match step {
            Step::Rejected => Self::Rejected,
            Step::Accepted => Self::Accepted,
            Step::Cancelled => Self::Cancelled,
        }
    }
}

/// A product, at its owner or copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Product {
    pub(crate) version: u8,
    pub(crate) quantity: u8,
}

/// A stored decision: the reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Decision {
    pub(crate) accepted: bool,
    pub(crate) id: u8,
}

/// A partition's checkpoint; equally, what a consumer believes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Checkpoint {
    pub(crate) epoch: u8,
    pub(crate) next: u8,
}

/// A table of unpublished messages, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Outbox {
    /// How many were deleted while a relay was stalled: tells it which ones are left of its own.
    pub(crate) deleted: u8,
    pub(crate) messages: Messages,
    /// Those that a position would have stepped over: committed late under an earlier id. Empty
    /// while the relay uses no position.
    pub(crate) behind: Messages,
}

/// A relay that stopped in the middle of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StalledRelay {
    /// What it has not published yet.
    pub(crate) rest: Messages,
    /// How many messages of the table it will delete, counted from `Outbox::deleted` = 0.
    pub(crate) deletes: u8,
}

/// An inbox that stopped in the middle of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StalledBatch<V> {
    /// How many records of each partition.
    pub(crate) count: [u8; 2],
    /// What it believes of each checkpoint.
    pub(crate) claim: [Checkpoint; 2],
    /// What the transaction read.
    pub(crate) view: V,
}

/// What a transaction of the products service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ProductsTables {
    pub(crate) products: [Product; PRODUCTS],
    pub(crate) stock_decisions: [Option<Decision>; ORDERS],
    /// The orders that have given back what they were given.
    pub(crate) released: [bool; ORDERS],
}

/// What a transaction of the orders service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    pub(crate) orders: [Status; ORDERS],
    pub(crate) copies: [Product; PRODUCTS],
}

/// A consumer group with two partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Group<V> {
    pub(crate) checkpoints: [Checkpoint; 2],
    /// The records whose effects are in the database, a bit each, since the last replay.
    pub(crate) applied: [u64; 2],
    pub(crate) stalled: Option<StalledBatch<V>>,
}

/// What must never happen and is not seen in a state alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Blemish {
    AppliedTwice,
    CopyWentBack,
    SettledTwice,
    Oversold,
    OrderedTwice,
    UnknownOrder,
    /// Two decisions of one order were published that are not the same.
    DecidedTwice,
    /// A product's state was published before the one that it followed.
    PublishedOutOfOrder,
    NoRoom,
}

/// A moment of the whole system.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// How many of each product there were at the start.
    pub(crate) stock: [u8; PRODUCTS],
    pub(crate) ledger: Ledger,
    pub(crate) products_tables: ProductsTables,
    /// The outboxes of orders and of products.
    pub(crate) outboxes: [Outbox; 2],
    pub(crate) stalled_relays: [Option<StalledRelay>; 2],
    pub(crate) order_topic: [Messages; 2],
    pub(crate) status_topic: Messages,
    pub(crate) product_topic: Messages,
    /// How far each order is by the steps that its topic has. Of the records only cancellations are
    /// there: products passes over the others.
    pub(crate) told: [Status; ORDERS],
    /// The decisions that the status topic has.
    pub(crate) decided: [Option<Decision>; ORDERS],
    /// Of each product, the newest version in its topic, and the last one.
    pub(crate) newest: [u8; PRODUCTS],
    pub(crate) last: [u8; PRODUCTS],
    /// Partitions of the order topic.
    pub(crate) products_group: Group<ProductsTables>,
    /// The status topic and the product topic.
    pub(crate) orders_group: Group<Ledger>,
    pub(crate) faults_left: u8,
    pub(crate) blemishes: u16,
}

impl State {
    /// Two products that orders knows of, and no order yet.
    pub(crate) fn new(stock: [u8; PRODUCTS], faults: u8) -> Self {
        let products = stock.map(|quantity| Product {
            version: 1,
            quantity,
        });
        let outbox = Outbox {
            deleted: 0,
            messages: Log::EMPTY,
            behind: Log::EMPTY,
        };
        let beginning = Checkpoint { epoch: 0, next: 0 };
        let mut state = Self {
            stock,
            ledger: Ledger {
                orders: [Status::Absent; ORDERS],
                copies: products,
            },
            products_tables: ProductsTables {
                products,
                stock_decisions: [None; ORDERS],
                released: [false; ORDERS],
            },
            outboxes: [outbox; 2],
            stalled_relays: [None; 2],
            order_topic: [Log::EMPTY; 2],
            status_topic: Log::EMPTY,
            product_topic: Log::EMPTY,
            told: [Status::Absent; ORDERS],
            decided: [None; ORDERS],
            newest: [0; PRODUCTS],
            last: [0; PRODUCTS],
            products_group: Group {
                checkpoints: [beginning; 2],
                applied: [0; 2],
                stalled: None,
            },
            orders_group: Group {
                checkpoints: [beginning; 2],
                applied: [0; 2],
                stalled: None,
            },
            faults_left: faults,
            blemishes: 0,
        };
        for (product, held) in (0..).zip(products) {
            state.publish(Message::Product {
                product,
                version: held.version,
                quantity: held.quantity,
            });
        }
        state.orders_group.checkpoints[1].next = 2;
        state.orders_group.applied[1] = 0b11;
        state
    }

    pub(crate) fn mark(&mut self, blemish: Blemish) {
        self.blemishes |= 1 << blemish as u16;
    }

    pub(crate) fn has(&self, blemish: Blemish) -> bool {
        self.blemishes & (1 << blemish as u16) != 0
    }

    /// Adds the message to its topic.
    pub(crate) fn publish(&mut self, message: Message) {
        let topic = match message {
            Message::OrderUpdate { order, step } => {
                let told = &mut self.told[usize::from(order)];
                // What came before may come again behind it.
                if *told != Status::Cancelled {
                    *told = step.into();
                }
                if step != Step::Cancelled {
                    return;
                }
                &mut self.order_topic[PARTITION[usize::from(order)]]
            }
            Message::OrderCreate { order } => &mut self.order_topic[PARTITION[usize::from(order)]],
            Message::OrderStatusUpdate { .. } => &mut self.status_topic,
            Message::Product { .. } => &mut self.product_topic,
        };
        if !topic.push(message.to_byte()) {
            self.mark(Blemish::NoRoom);
        }
        self.remember(message);
    }

    /// Keeps what the promises need to know of a topic.
    fn remember(&mut self, message: Message) {
        match message {
            Message::OrderCreate { .. } | Message::OrderUpdate { .. } => {}
            Message::OrderStatusUpdate {
                order,
                accepted,
                id,
            } => {
                let decision = Decision { accepted, id };
                let first = *self.decided[usize::from(order)].get_or_insert(decision);
                if first != decision {
                    self.mark(Blemish::DecidedTwice);
                }
            }
            Message::Product {
                product, version, ..
            } => {
                let newest = &mut self.newest[usize::from(product)];
                let early = version > *newest + 1;
                *newest = version.max(*newest);
                self.last[usize::from(product)] = version;
                if early {
                    self.mark(Blemish::PublishedOutOfOrder);
                }
            }
        }
    }

    /// Adds the messages to the service's outbox.
    pub(crate) fn append(&mut self, side: usize, messages: &Messages) {
        for message in messages.items() {
            if !self.outboxes[side].messages.push(*message) {
                self.mark(Blemish::NoRoom);
            }
        }
    }

    /// The partitions that the products service reads.
    pub(crate) fn order_partitions(&self) -> [&Messages; 2] {
        [&self.order_topic[0], &self.order_topic[1]]
    }

    /// The partitions that the orders service reads.
    pub(crate) fn news_partitions(&self) -> [&Messages; 2] {
        [&self.status_topic, &self.product_topic]
    }
}

impl<V> Group<V> {
    /// Whether a stalled consumer still is the owner of the partition.
    pub(crate) fn is_held(&self, partition: usize) -> bool {
        self.stalled.as_ref().is_some_and(|stalled| {
            stalled.count[partition] > 0
                && stalled.claim[partition].epoch == self.checkpoints[partition].epoch
        })
    }

    /// Notes that the records from `from` on were applied; `false` when one was before.
    pub(crate) fn apply(&mut self, partition: usize, from: u8, count: u8) -> bool {
        let records = ((1_u64 << count) - 1) << from;
        let first_time = self.applied[partition] & records == 0;
        self.applied[partition] |= records;
        first_time
    }

    /// Back to the first record, as a replay does it: in a new epoch.
    pub(crate) fn rewind(&mut self, partition: usize) {
        let checkpoint = &mut self.checkpoints[partition];
        checkpoint.epoch += 1;
        checkpoint.next = 0;
        self.applied[partition] = 0;
    }

    /// Moves the checkpoints of `count` from where `claim` says; `false` when the fence holds.
    pub(crate) fn advance(&mut self, count: [u8; 2], claim: [Checkpoint; 2], fence: bool) -> bool {
        let moved = (0..2).any(|at| count[at] > 0 && self.checkpoints[at] != claim[at]);
        if moved && fence {
            return false;
        }
        for at in 0..2 {
            if count[at] > 0 {
                self.checkpoints[at].next = claim[at].next + count[at];
            }
        }
        true
    }
}

fn written(messages: &Messages) -> String {
    let all: Vec<String> = messages
        .items()
        .iter()
        .map(|byte| Message::from_byte(*byte).to_string())
        .collect();
    format!("[{}]", all.join(", "))
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "orders: {:?}", self.ledger.orders)?;
        writeln!(f, "copies: {:?}", self.ledger.copies)?;
        writeln!(f, "products: {:?}", self.products_tables.products)?;
        writeln!(
            f,
            "reservations: {:?}",
            self.products_tables.stock_decisions
        )?;
        writeln!(f, "released: {:?}", self.products_tables.released)?;
        for (service, outbox) in ["orders", "products"].iter().zip(&self.outboxes) {
            writeln!(f, "outbox of {service}: {}", written(&outbox.messages))?;
        }
        writeln!(
            f,
            "order topic, partition 0: {}",
            written(&self.order_topic[0])
        )?;
        writeln!(
            f,
            "order topic, partition 1: {}",
            written(&self.order_topic[1])
        )?;
        writeln!(f, "status topic: {}", written(&self.status_topic))?;
        writeln!(f, "product topic: {}", written(&self.product_topic))?;
        let [first, second] = self.products_group.checkpoints;
        writeln!(f, "checkpoints of products: {first:?} {second:?}")?;
        let [first, second] = self.orders_group.checkpoints;
        write!(f, "checkpoints of orders: {first:?} {second:?}")
    }
}
