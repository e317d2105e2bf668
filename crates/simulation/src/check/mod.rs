//! The rules that hold when everything has settled, always the same.

mod books;
mod mails;
mod orders;
mod stock;
mod topics;

use outbox::DeadLetter;

pub(crate) use self::books::Snapshot;
use self::books::Topics;
use crate::customers::Memory;
use crate::name::Service;
use crate::shop::{READS, Shop};
use crate::tally::Counts;
use crate::violation::Check;

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
pub(crate) fn all(shop: &Shop, snapshot: &Snapshot, memory: &Memory) {
    let topics = Topics::of(&shop.servers.broker);
    let in_order = shop.world.plan.keeps_order();
    let mut off = Off::default();
    orders::answered(snapshot, memory, off.of(Check::Requests));
    orders::settled(snapshot, &topics, off.of(Check::Settled));
    stock::adds_up(snapshot, memory, off.of(Check::Stock));
    stock::released(snapshot, &topics, off.of(Check::Released));
    stock::copies(snapshot, &topics, off.of(Check::Copies));
    topics::decisions(snapshot, &topics, off.of(Check::Decisions));
    topics::order_creates(snapshot, &topics, off.of(Check::Announced));
    topics::steps_of_orders(snapshot, &topics, off.of(Check::Steps));
    topics::versions(snapshot, &topics, in_order, off.of(Check::Versions));
    mails::written(snapshot, &topics, off.of(Check::Mails));
    dead_lettered(snapshot, &topics, off.of(Check::DeadLetterAdmin));
    counted(&shop.servers.tally.state(), &topics, off.of(Check::Applied));
    if shop.world.plan.is_fair() {
        topics::nothing_twice(&topics, off.of(Check::PublishedOnce));
    }
    off.report(shop, "");
}

/// A replay of everything leaves what was there.
pub(crate) fn replayed(shop: &Shop, before: &Snapshot) {
    let after = Snapshot::of(shop);
    let same = [
        ("the orders", after.orders == before.orders),
        ("the stock", after.products == before.products),
        ("the mails", after.notifications == before.notifications),
        ("what is dead-lettered", places(&after) == places(before)),
    ];
    for (what, same) in same {
        if !same {
            let what = format!("a replay of everything changes {what}");
            shop.world.found(Check::Replay, what);
        }
    }
    let topics = Topics::of(&shop.servers.broker);
    let mut off = Off::default();
    topics::decisions(&after, &topics, off.of(Check::Decisions));
    topics::steps_of_orders(&after, &topics, off.of(Check::Steps));
    counted(&shop.servers.tally.state(), &topics, off.of(Check::Applied));
    off.report(shop, "after the replay ");
}

fn places(snapshot: &Snapshot) -> Vec<String> {
    let owned = snapshot.dead_letters.iter();
    // What is published again after the rewind may be dead-lettered anew, behind the same key.
    owned
        .filter(|(service, _)| *service != Service::Tally)
        .flat_map(|(_, dead_letters)| dead_letters.iter().filter(|dead_letter| !dead_letter.waits))
        .map(DeadLetter::id)
        .collect()
}

/// What can't be read is dead-lettered, what comes behind it waits, and nothing else does.
fn dead_lettered(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    for (service, dead_letters) in &snapshot.dead_letters {
        for (_, topic) in READS.iter().filter(|(reader, _)| reader == service) {
            let expected = topics.named(topic).expected_of(*service).dead_lettered;
            let found: std::collections::BTreeMap<(i32, i64), bool> = dead_letters
                .iter()
                .filter(|dead_letter| dead_letter.record.at.topic == *topic)
                .map(|dead_letter| {
                    (
                        (dead_letter.record.at.partition, dead_letter.record.offset),
                        dead_letter.waits,
                    )
                })
                .collect();
            if found != expected {
                off.push(format!(
                    "{} dead-lettered {found:?} of {topic}, not {expected:?}",
                    service.name()
                ));
            }
        }
    }
}

/// Every record is applied exactly once.
fn counted(counts: &Counts, topics: &Topics, off: &mut Vec<String>) {
    let mut expected = topics.orders.expected.applied.clone();
    expected.extend(topics.statuses.expected.applied.clone());
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
