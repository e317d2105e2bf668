//! What holds when everything has settled.

use std::collections::BTreeMap;

use outbox::OutboxStore;
use outbox::jobs::JobView;
use outbox::memory::MemoryDatabase;

use super::fault_injector::World;
use super::snapshot::Snapshot;

/// A rule, named by what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Every job comes to its end.
    Settled,
    /// An order that was not paid is closed by its timer.
    Closed,
    /// No order is closed twice.
    ClosedOnce,
    /// No order is closed that was paid: its timer is cancelled.
    PaidStaysOpen,
    /// No timer fires before it is due by the database's clock.
    NotEarly,
    /// An order that is closed is said to be, once.
    SaidOnce,
    /// Every mail is sent at least once.
    Mailed,
    /// What comes again changes nothing.
    RepeatedIsUnchanged,
}

pub(super) async fn all(
    database: &MemoryDatabase<Snapshot>,
    world: &World,
    open: &[JobView],
    off: &mut Vec<(Check, String)>,
) {
    for job in open {
        let what = format!("{} is {} until {}", job.id, job.state.name(), job.at);
        off.push((Check::Settled, what));
    }
    let (snapshot, mails) = (database.state(), world.mails());
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let records = database.pending(usize::MAX, &[]).await.unwrap_or_default();
    for message in records.iter().flat_map(|record| &record.messages) {
        *times.entry(message.key.clone()).or_default() += 1;
    }
    for (number, order) in &snapshot.orders {
        let entries = snapshot
            .entries
            .iter()
            .filter(|entry| entry.order == *number);
        let closed = entries.clone().count();
        let published = times.get(&number.to_string()).copied().unwrap_or_default();
        if published != closed {
            let what =
                format!("order {number} is closed {closed} times and said {published} times");
            off.push((Check::SaidOnce, what));
        }
        let Some(due) = order.due else { continue };
        match (order.paid, closed) {
            (true, 0) | (false, 1) => {}
            (true, _) => {
                let what = format!("order {number} was paid and is closed");
                off.push((Check::PaidStaysOpen, what));
            }
            (false, 0) => {
                let what = format!("order {number} is not closed, though due at {due}");
                off.push((Check::Closed, what));
            }
            (false, _) => {
                let what = format!("order {number} is closed {closed} times");
                off.push((Check::ClosedOnce, what));
            }
        }
        for early in entries.filter(|entry| entry.latest < due) {
            let what = format!("order {number} is closed at {}, due at {due}", early.latest);
            off.push((Check::NotEarly, what));
        }
        if !mails.contains_key(number) {
            off.push((Check::Mailed, format!("no mail about order {number}")));
        }
    }
}

/// That `after` is as `before`.
pub(super) fn unchanged(before: &Snapshot, after: &Snapshot, off: &mut Vec<(Check, String)>) {
    if before != after {
        let (had, has) = (before.entries.len(), after.entries.len());
        let what = format!("there were {had} entries and there are {has}");
        off.push((Check::RepeatedIsUnchanged, what));
    }
}
