//! The rules that hold when everything has settled, always the same.

mod orders;
mod stock;
mod topics;

use ::orders::store::memory::Tables as OrdersTables;
use events::OrderStatus;
use outbox::{DeadLetter, Record};
use products::store::memory::Tables as ProductsTables;

use crate::customers::Memory;
use crate::expected::{Expected, Said};
use crate::instance::Service;
use crate::shop::{READS, Shop};
use crate::tally::Counts;

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

/// Every rule but that of the replay.
pub(crate) fn all(shop: &Shop, books: &Books, memory: &Memory) {
    let said = Topics::of(shop);
    let mut off = Vec::new();
    orders::answered(books, memory, &mut off);
    orders::settled(books, &said, &mut off);
    stock::adds_up(books, memory, &mut off);
    stock::copies(books, &said, &mut off);
    topics::decisions(books, &said, &mut off);
    topics::news_of_orders(books, &said, &mut off);
    topics::steps_of_orders(books, &said, shop.world.plan.keeps_order(), &mut off);
    topics::versions(books, &said, shop.world.plan.keeps_order(), &mut off);
    parked(books, &said, &mut off);
    counted(&shop.tally.state(), &said, &mut off);
    if shop.world.plan.is_fair() {
        topics::nothing_twice(&said, &mut off);
    }
    for what in off {
        shop.world.violate(what);
    }
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
            shop.world
                .violate(format!("a replay of everything changes {what}"));
        }
    }
    let mut off = Vec::new();
    let said = Topics::of(shop);
    topics::decisions(&after, &said, &mut off);
    topics::steps_of_orders(&after, &said, false, &mut off);
    counted(&shop.tally.state(), &said, &mut off);
    for what in off {
        shop.world.violate(format!("after the replay {what}"));
    }
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
