//! What is simulated: the shop, its customers, and the weather.

use std::collections::BTreeMap;
use std::fmt;

use crate::chance::Chance;

use super::case::Terms;
use super::protocol::{Line, Micros, Parts, ProductNo, ShardNo};
use super::rule::Rule;

/// How an order's holds are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From all its shards at the same time.
    AtOnce,
    /// From one after the other, in the order of the shards' numbers, which is the same for
    /// every order: of two orders that want the same pieces one is first everywhere.
    InOrder,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtOnce => "at once",
            Self::InOrder => "in order",
        })
    }
}

/// What goes wrong until the storm ends. Chances are parts of ten thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storm {
    /// A message is lost.
    pub loss: u32,
    /// A message comes twice.
    pub copy: u32,
    /// A message is late.
    pub late: u32,
    /// By how much at most, in microseconds.
    pub late_most: u64,
    /// A node crashes at a step.
    pub crash: u32,
    /// For how long at most, in microseconds.
    pub down_most: u64,
    /// When it is over, in microseconds from the beginning.
    pub ends: u64,
}

/// What is simulated. Times are in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// How many shards the products are spread over, by number.
    pub shards: usize,
    /// How many coordinators the orders are spread over.
    pub coordinators: usize,
    /// How many products there are.
    pub products: usize,
    /// How many pieces there are of each.
    pub stock: u32,
    /// How many orders are placed.
    pub orders: u32,
    /// Within what time.
    pub within: u64,
    /// How many different products an order has at most; at least one, each number alike.
    pub lines: u32,
    /// How many pieces of one an order wants at most; at least one, each number alike.
    pub pieces: u32,
    /// In so many of ten thousand orders the first product is one of the first four.
    pub hot: u32,
    /// How holds are asked for.
    pub way: Way,
    /// How often an order is tried.
    pub attempts: u32,
    /// How long a hold is good for before its shard asks what became of it.
    pub hold_for: u64,
    /// How long an attempt waits for its holds.
    pub give_up: u64,
    /// How long until something unanswered is published again.
    pub resend: u64,
    /// How long, about, an order rests before its second attempt.
    pub rest: u64,
    /// How long a message takes from one transaction to the next, at least and at most.
    pub hop: (u64, u64),
    /// What goes wrong; nothing in calm.
    pub storm: Option<Storm>,
    /// The rule that is taken away.
    pub removed: Option<Rule>,
}

/// An order as it comes.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) at: Micros,
    pub(super) lines: Vec<Line>,
}

const MILLI: u64 = 1_000;

impl Setting {
    /// Everything goes wrong for 4 s: few products, few pieces, holds that run out while
    /// messages are late. The rest is drawn from `seed`.
    pub fn stormy(seed: u64, removed: Option<Rule>) -> Self {
        let chance = Chance::new(seed);
        let shards = 2 + chance.place(4);
        let millis = |low, high| u64::from(chance.between(low, high)) * MILLI;
        Self {
            shards,
            coordinators: 1 + chance.place(3),
            products: shards * (1 + chance.place(3)),
            stock: chance.between(2, 12),
            orders: chance.between(20, 60),
            within: millis(200, 3_000),
            lines: chance.between(1, 4),
            pieces: chance.between(1, 3),
            hot: 2_500 * chance.between(0, 3),
            way: if chance.happens(5_000) {
                Way::AtOnce
            } else {
                Way::InOrder
            },
            attempts: chance.between(1, 4),
            hold_for: millis(150, 900),
            give_up: millis(100, 1_200),
            resend: millis(60, 200),
            rest: millis(10, 60),
            hop: (5 * MILLI, 15 * MILLI),
            storm: Some(Storm {
                loss: chance.between(0, 1_000),
                copy: chance.between(0, 1_500),
                late: chance.between(0, 1_500),
                late_most: millis(100, 2_500),
                crash: chance.between(0, 300),
                down_most: millis(50, 1_500),
                ends: 4_000 * MILLI,
            }),
            removed,
        }
    }

    /// The pieces that its orders want on average of a product, were all alike.
    pub(super) fn demand(&self) -> f64 {
        let mean = |most: u32| f64::from(1 + most) / 2.0;
        let products = u32::try_from(self.products).unwrap_or(u32::MAX);
        f64::from(self.orders) * mean(self.lines) * mean(self.pieces) / f64::from(products)
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            way: self.way,
            attempts: self.attempts,
            give_up: self.give_up,
            resend: self.resend,
            rest: self.rest,
        }
    }

    /// The orders, in the order of their arrival.
    pub(super) fn placed(&self, chance: &Chance) -> Vec<Placed> {
        let within = u32::try_from(self.within).unwrap_or(u32::MAX);
        let mut orders: Vec<Placed> = (0..self.orders)
            .map(|_| Placed {
                at: chance.between(0, within).into(),
                lines: self.lines(chance),
            })
            .collect();
        orders.sort_by_key(|order| order.at);
        orders
    }

    fn lines(&self, chance: &Chance) -> Vec<Line> {
        let most = u32::try_from(self.products).unwrap_or(u32::MAX);
        let count = chance.between(1, self.lines.min(most)) as usize;
        let mut lines: Vec<Line> = Vec::with_capacity(count);
        while lines.len() < count {
            let hot = lines.is_empty() && chance.happens(self.hot);
            let among = if hot { 4 } else { self.products };
            let product = ProductNo(chance.place(among.min(self.products)));
            if lines.iter().all(|line| line.product != product) {
                let pieces = chance.between(1, self.pieces);
                lines.push(Line { product, pieces });
            }
        }
        lines
    }

    /// `lines` by the shards that have them.
    pub(super) fn parts(&self, lines: &[Line]) -> Parts {
        let mut parts: Parts = BTreeMap::new();
        for line in lines {
            let shard = ShardNo(line.product.0 % self.shards);
            parts.entry(shard).or_default().push(*line);
        }
        parts
    }
}
