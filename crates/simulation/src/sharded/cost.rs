//! What the protocol costs in calm, held against the one engine.

use std::fmt;

use super::exchange::run;
use super::outcome::Settled;
use super::setting::{Setting, Way};

const MILLI: u64 = 1_000;

/// How much is fought over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Its name in tables.
    pub name: &'static str,
    /// The stock, as parts of a hundred of what all orders want together.
    pub stock: u32,
    /// In so many of ten thousand orders the first product is one of four.
    pub hot: u32,
    /// How many orders arrive in a second.
    pub rate: u32,
}

impl Level {
    /// From none to all at once.
    pub const ALL: [Self; 6] = [
        Self::of("ample", 200, 0, 2_000),
        Self::of("even", 100, 0, 2_000),
        Self::of("scarce", 50, 0, 2_000),
        Self::of("hot", 50, 8_000, 2_000),
        Self::of("rush", 10, 8_000, 50_000),
        Self::of("last pieces", 1, 8_000, 50_000),
    ];

    const fn of(name: &'static str, stock: u32, hot: u32, rate: u32) -> Self {
        Self {
            name,
            stock,
            hot,
            rate,
        }
    }
}

impl Setting {
    /// `orders` orders of at most four products from 64 on 8 shards, nothing going wrong.
    pub fn calm(level: Level, way: Way, attempts: u32, orders: u32) -> Self {
        let mut setting = Self {
            shards: 8,
            coordinators: 4,
            products: 64,
            stock: 0,
            orders,
            within: u64::from(orders) * 1_000 * MILLI / u64::from(level.rate.max(1)),
            lines: 4,
            pieces: 2,
            hot: level.hot,
            way,
            attempts,
            hold_for: 2_000 * MILLI,
            give_up: 1_000 * MILLI,
            resend: 250 * MILLI,
            rest: 20 * MILLI,
            hop: (5 * MILLI, 15 * MILLI),
            storm: None,
            removed: None,
        };
        let wanted = setting.demand() * f64::from(level.stock) / 100.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole pieces, at least one, far below the limit"
        )]
        {
            setting.stock = wanted.max(1.0) as u32;
        }
        setting
    }
}

/// What one level costs. Times are milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// Which level.
    pub level: Level,
    /// How holds were asked for.
    pub way: Way,
    /// How often an order was tried at most.
    pub attempts: u32,
    /// The share of the orders that was accepted.
    pub accepted: f64,
    /// The share of them that the one engine accepts.
    pub accepted_by_one: f64,
    /// How many were refused and could be served from what is left, as a share of what the
    /// one engine accepts.
    pub refused_though_possible: f64,
    /// Messages for an order, besides those that the one engine needs too.
    pub messages: f64,
    /// From arrival to decision, half of the orders.
    pub p50: f64,
    /// From arrival to decision, 99 of 100 orders.
    pub p99: f64,
    /// What was not as it must be.
    pub violations: usize,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.1} | {:.0} | {:.0} |",
            self.level.name,
            self.way,
            self.attempts,
            self.accepted_by_one * 1e2,
            self.accepted * 1e2,
            self.refused_though_possible * 1e2,
            self.messages,
            self.p50,
            self.p99
        )
    }
}

/// Lets `orders` orders of `level` through, drawn from `seed`.
pub fn cost(level: Level, way: Way, attempts: u32, orders: u32, seed: u64) -> Cost {
    let outcome = run(&Setting::calm(level, way, attempts, orders), seed);
    let all: Vec<&Settled> = outcome.orders.iter().collect();
    let share = |count: u32| f64::from(count) / f64::from(orders.max(1));
    Cost {
        level,
        way,
        attempts,
        accepted: share(short(outcome.accepted())),
        accepted_by_one: share(outcome.accepted_by_one),
        refused_though_possible: f64::from(outcome.refused_though_possible)
            / f64::from(outcome.accepted_by_one.max(1)),
        messages: messages(&all),
        p50: took(&all, 50),
        p99: took(&all, 99),
        violations: outcome.violations.len(),
    }
}

/// What an accepted order costs by how many shards have its products. Times are milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanCost {
    /// How many shards.
    pub span: usize,
    /// How holds were asked for.
    pub way: Way,
    /// Messages, besides those that the one engine needs too.
    pub messages: f64,
    /// From arrival to decision, half of the orders.
    pub p50: f64,
    /// From arrival to decision, 99 of 100 orders.
    pub p99: f64,
}

impl fmt::Display for SpanCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| {} | {} | {:.1} | {:.0} | {:.0} |",
            self.span, self.way, self.messages, self.p50, self.p99
        )
    }
}

/// One row for each number of shards that orders span, where stock is ample.
pub fn cost_by_span(way: Way, orders: u32, seed: u64) -> Vec<SpanCost> {
    let ample = Level::ALL[0];
    let outcome = run(&Setting::calm(ample, way, 1, orders), seed);
    let row = |span: usize| {
        let of = |order: &&Settled| order.span == span && order.accepted == Some(true);
        let some: Vec<&Settled> = outcome.orders.iter().filter(of).collect();
        SpanCost {
            span,
            way,
            messages: messages(&some),
            p50: took(&some, 50),
            p99: took(&some, 99),
        }
    };
    (1..=4).map(row).collect()
}

fn messages(orders: &[&Settled]) -> f64 {
    let said: u32 = orders.iter().map(|order| order.messages).sum();
    f64::from(said) / f64::from(short(orders.len()).max(1))
}

fn took(orders: &[&Settled], percent: usize) -> f64 {
    let mut times: Vec<u64> = orders.iter().map(|order| order.took).collect();
    times.sort_unstable();
    let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
    let micros = times.get(place).copied().unwrap_or_default();
    f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1e3
}

fn short(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
