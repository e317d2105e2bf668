//! The rules that hold when everything has settled, always the same.

mod orders;
mod stock;
mod topics;

use std::fmt;

use ::orders::store::memory::Tables as OrdersTables;
use events::OrderStatus;
use outbox::{DeadLetter, Record};
use products::store::memory::Tables as ProductsTables;

use crate::customers::Memory;
use crate::expected::{Expected, Said};
use crate::instance::Service;
use crate::shop::{READS, Shop};
use crate::tally::Counts;

/// What finds violations; shown as what it holds the run to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Of the run itself.
    Run,
    /// Of what customers were answered.
    Requests,
    /// Of the ends of orders.
    Settled,
    /// Of the stock.
    Stock,
    /// Of the copies of products.
    Copies,
    /// Of decisions as they were published.
    Decisions,
    /// Of orders as they were published.
    Announced,
    /// Of the steps of orders as they were published.
    Steps,
    /// Of products as they were published.
    Versions,
    /// Of what is set aside.
    DeadLetters,
    /// Of what each record did.
    Applied,
    /// Of runs without faults.
    PublishedOnce,
    /// Of a replay of everything.
    Replay,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "nothing panics, stops or takes too long",
            Self::Requests => "a request makes one order",
            Self::Settled => "an order is settled once, as it was decided",
            Self::Stock => "what was put in less what was promised is what is left",
            Self::Copies => "copies are what their owner has",
            Self::Decisions => "an order has one decision, published as it is kept",
            Self::Announced => "an order is published under one id, as it is",
            Self::Steps => "each step of an order is published once, as it is",
            Self::Versions => "all states of a product are published, in order",
            Self::DeadLetters => "what can't be read is set aside with what is behind it",
            Self::Applied => "a record is applied once",
            Self::PublishedOnce => "without a fault an event is published once",
            Self::Replay => "a replay changes nothing",
        })
    }
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What has found it.
    pub check: Check,
    /// What it is.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Everything that is kept anywhere, at one moment.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) orders: OrdersTables,
    pub(crate) products: ProductsTables,
    pub(crate) letters: Vec<(Service, Vec<DeadLetter>)>,
}

impl Books {
    pub(crate) fn of(shop: &Shop) -> Self {
        Self {
            orders: shop.orders.state(),
            products: shop.products.state(),
            letters: vec![
                (Service::Orders, shop.orders.dead_letters()),
                (Service::Products, shop.products.dead_letters()),
                (Service::Tally, shop.tally.dead_letters()),
            ],
        }
    }

    pub(crate) fn accepted(&self) -> usize {
        let all = self.orders.orders.values();
        all.filter(|order| order.status == OrderStatus::Accepted)
            .count()
    }
}

/// A topic, its records read once for all rules.
pub(crate) struct Topic {
    /// Each record with what it says, as far as it can be read.
    pub(crate) records: Vec<(Record, Option<Said>)>,
    pub(crate) expected: Expected,
}

impl Topic {
    fn of(shop: &Shop, name: &str) -> Self {
        let read = shop.broker.records(name).into_iter().map(|record| {
            let said = Said::in_record(&record);
            (record, said)
        });
        let records: Vec<_> = read.collect();
        Self {
            expected: Expected::of(&records),
            records,
        }
    }
}

pub(crate) struct Topics {
    pub(crate) orders: Topic,
    pub(crate) statuses: Topic,
    pub(crate) products: Topic,
}

impl Topics {
    fn of(shop: &Shop) -> Self {
        Self {
            orders: Topic::of(shop, events::topics::ORDERS),
            statuses: Topic::of(shop, events::topics::ORDER_STATUS),
            products: Topic::of(shop, events::topics::PRODUCTS),
        }
    }

    fn named(&self, name: &str) -> &Topic {
        match name {
            events::topics::ORDERS => &self.orders,
            events::topics::ORDER_STATUS => &self.statuses,
            _ => &self.products,
        }
    }
}

/// What is off, by the checks that found it.
#[derive(Default)]
struct Off(Vec<(Check, Vec<String>)>);

impl Off {
    /// Where `check` says what it finds.
    fn of(&mut self, check: Check) -> &mut Vec<String> {
        &mut self.0.push_mut((check, Vec::new())).1
    }

    fn report(self, shop: &Shop, when: &str) {
        for (check, found) in self.0 {
            for what in found {
                shop.world.found(check, format!("{when}{what}"));
            }
        }
    }
}

/// Every rule but that of the replay.
pub(crate) fn all(shop: &Shop, books: &Books, memory: &Memory) {
    let said = Topics::of(shop);
    let in_order = shop.world.plan.keeps_order();
    let mut off = Off::default();
    orders::answered(books, memory, off.of(Check::Requests));
    orders::settled(books, &said, off.of(Check::Settled));
    stock::adds_up(books, memory, off.of(Check::Stock));
    stock::copies(books, &said, off.of(Check::Copies));
    topics::decisions(books, &said, off.of(Check::Decisions));
    topics::news_of_orders(books, &said, off.of(Check::Announced));
    topics::steps_of_orders(books, &said, in_order, off.of(Check::Steps));
    topics::versions(books, &said, in_order, off.of(Check::Versions));
    parked(books, &said, off.of(Check::DeadLetters));
    counted(&shop.tally.state(), &said, off.of(Check::Applied));
    if shop.world.plan.is_fair() {
        topics::nothing_twice(&said, off.of(Check::PublishedOnce));
    }
    off.report(shop, "");
}

/// A replay of everything leaves what was there.
pub(crate) fn replayed(shop: &Shop, before: &Books) {
    let after = Books::of(shop);
    let same = [
        ("the orders", after.orders == before.orders),
        ("the stock", after.products == before.products),
        ("what is parked", places(&after) == places(before)),
    ];
    for (what, same) in same {
        if !same {
            let what = format!("a replay of everything changes {what}");
            shop.world.found(Check::Replay, what);
        }
    }
    let said = Topics::of(shop);
    let mut off = Off::default();
    topics::decisions(&after, &said, off.of(Check::Decisions));
    topics::steps_of_orders(&after, &said, false, off.of(Check::Steps));
    counted(&shop.tally.state(), &said, off.of(Check::Applied));
    off.report(shop, "after the replay ");
}

fn places(books: &Books) -> Vec<String> {
    let owned = books.letters.iter();
    // What is said again after the rewind may be parked anew, behind the same key.
    owned
        .filter(|(service, _)| *service != Service::Tally)
        .flat_map(|(_, letters)| letters.iter().filter(|letter| !letter.waits))
        .map(DeadLetter::id)
        .collect()
}

/// What can't be read is parked, what comes behind it waits, and nothing else does.
fn parked(books: &Books, said: &Topics, off: &mut Vec<String>) {
    for (service, letters) in &books.letters {
        for (_, topic) in READS.iter().filter(|(reader, _)| reader == service) {
            let expected = &said.named(topic).expected.parked;
            let found: std::collections::BTreeMap<(i32, i64), bool> = letters
                .iter()
                .filter(|letter| letter.record.at.topic == *topic)
                .map(|letter| {
                    (
                        (letter.record.at.partition, letter.record.offset),
                        letter.waits,
                    )
                })
                .collect();
            if found != *expected {
                off.push(format!(
                    "{} parked {found:?} of {topic}, not {expected:?}",
                    service.name()
                ));
            }
        }
    }
}

/// Every record is applied exactly once.
fn counted(counts: &Counts, said: &Topics, off: &mut Vec<String>) {
    let mut expected = said.orders.expected.applied.clone();
    expected.extend(said.statuses.expected.applied.clone());
    for (id, times) in &expected {
        let counted = counts.get(id).copied().unwrap_or_default();
        if counted != *times {
            off.push(format!(
                "event {id} lies {times} times in its topic and was applied {counted} times"
            ));
        }
    }
    let foreign = counts.keys().filter(|id| !expected.contains_key(id));
    off.extend(foreign.map(|id| format!("event {id} was applied, but is in no topic")));
}
