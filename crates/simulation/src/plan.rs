//! What a seed is going to be like.

use std::time::Duration;

use crate::chance::Chance;

/// The size of a run and how severe its faults are, drawn from the seed. Chances are in parts
/// of ten thousand, for each step at a database or a broker.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many products there are, each with little stock.
    pub products: u32,
    /// How many orders are placed.
    pub orders: u32,
    /// How many instances orders, products, notifications and the tally have.
    pub instances: [u32; 4],
    /// The partitions of each topic.
    pub partitions: i32,
    /// The most records in a transaction, and the most in a relay's round.
    pub batch: usize,
    /// How far the second instances' clocks are ahead, in milliseconds.
    pub skew: i64,
    /// How long the fault schedule lasts.
    pub storm: Duration,
    /// How many events the fault schedule has.
    pub events: u32,
    /// The chance of a short wait at a step.
    pub wait: u32,
    /// The chance of an error at a step.
    pub error: u32,
    /// The chance of a stall that may outlast lease and session.
    pub stall: u32,
    /// The chance of a crash of the process.
    pub crash: u32,
    /// The chance that a message lands twice.
    pub copy: u32,
    /// The chance that records are delivered late.
    pub late: u32,
    /// The chance that a read is answered with what was true before.
    pub stale: u32,
    /// The chance that an order comes with an unreadable message before it.
    pub poison: u32,
}

impl Plan {
    pub(crate) fn draw(chance: &Chance) -> Self {
        // One in sixteen has no faults at all: what must not happen then is checked there.
        let fair = chance.place(16) == 0;
        let rate = |most: u32| if fair { 0 } else { chance.between(0, most) };
        let instances = |least| chance.between(least, 2);
        let least = if fair { 2 } else { 1 };
        Self {
            products: chance.between(2, 5),
            orders: chance.between(10, 40),
            instances: [
                instances(least),
                instances(least),
                instances(1),
                instances(1),
            ],
            partitions: [1, 2, 3][chance.place(3)],
            batch: [3, 10, 250][chance.place(3)],
            skew: [0, 40, 1_000, -40, -1_000][chance.place(5)],
            storm: Duration::from_millis(chance.between(6_000, 12_000).into()),
            events: rate(6),
            wait: rate(2_500),
            error: rate(400),
            stall: rate(30),
            crash: rate(40),
            copy: rate(1_000),
            late: rate(6_000),
            stale: rate(1_500),
            poison: rate(600),
        }
    }

    /// Whether the relay finds all that waits in one round. Between rounds the order of a
    /// key's messages depends on the clocks of the instances that wrote them.
    pub fn keeps_order(&self) -> bool {
        self.batch >= 250 || self.instances[1] == 1
    }

    /// Whether nothing at all goes wrong.
    pub fn is_fair(&self) -> bool {
        let rates = [
            self.events,
            self.error,
            self.stall,
            self.crash,
            self.copy,
            self.late,
            self.stale,
            self.poison,
            self.wait,
        ];
        rates.iter().all(|rate| *rate == 0)
    }
}
