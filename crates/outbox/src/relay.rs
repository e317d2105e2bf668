//! Carries messages from the outbox to the broker.
//!
//! The table is the truth: each round reads, at one snapshot, the records that are not
//! deleted yet, publishes them, and deletes them once the broker has confirmed. It never
//! remembers a position, because ids do not become visible in the order in which they
//! were drawn, and a position would step over a record that is committed late.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::message::Message;
use crate::outbox::{OutboxRecord, OutboxStore};
use crate::publisher::Publisher;

/// The bell that a commit rings to say: there is something in the outbox.
#[derive(Debug, Clone, Default)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Rings. A relay that is busy hears it when it is done.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Comes back once it has been rung.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// How a relay works.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// The most records to publish in one round.
    pub batch: usize,
    /// How often to look at the table when nobody rings: the last resort.
    pub poll: Duration,
    /// How long a lease holds without being renewed, and so how long the shard stands
    /// still after its relay was killed.
    pub lease: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            batch: 256,
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(3),
        }
    }
}

/// Publishes one shard's records. Several instances may run it: the one with the lease works.
pub struct Relay<D, P> {
    database: D,
    publisher: P,
    shard: String,
    holder: Uuid,
    clock: Arc<dyn Clock>,
    settings: RelaySettings,
}

/// What a relay keeps while it holds the lease.
struct Shift {
    /// Until when, by our own clock, counted from before we asked.
    until: Instant,
    /// Records that the broker has and the table still holds.
    deleting: Option<Deletion>,
}

/// The records of a deletion under way, and its end.
type Deletion = (Vec<Uuid>, JoinHandle<Result<(), StoreError>>);

impl<D: OutboxStore, P: Publisher> Relay<D, P> {
    /// A relay for the shard `shard`, by default the service's name.
    pub fn new(
        database: D,
        publisher: P,
        shard: impl Into<String>,
        clock: Arc<dyn Clock>,
        settings: RelaySettings,
    ) -> Self {
        let holder = clock.uuid();
        Self {
            database,
            publisher,
            shard: shard.into(),
            holder,
            clock,
            settings,
        }
    }

    /// Works until `stop`. What is under way then is published and deleted first, the
    /// lease given back.
    pub async fn run(self, stop: CancellationToken) {
        let watching = self.watch(stop.clone());
        let working = async {
            while !stop.is_cancelled() {
                if let Err(fault) = self.shift(&stop).await {
                    metrics::counter!("outbox_faults_total", "shard" => self.shard.clone())
                        .increment(1);
                    tracing::warn!(shard = %self.shard, %fault, "the relay begins again");
                    pause(&stop, Duration::from_millis(200)).await;
                }
            }
            if let Err(fault) = self.database.release(&self.shard, self.holder).await {
                tracing::debug!(shard = %self.shard, %fault, "the lease runs out by itself");
            }
        };
        tokio::join!(watching, working);
    }

    /// Rings our own bell when another instance has written.
    async fn watch(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let changed = tokio::select! {
                changed = self.database.changed_elsewhere() => changed,
                () = stop.cancelled() => return,
            };
            match changed {
                Ok(()) => self.database.waker().wake(),
                Err(fault) => {
                    tracing::debug!(shard = %self.shard, %fault, "other instances are not heard");
                    pause(&stop, self.settings.poll).await;
                }
            }
        }
    }

    /// From taking the lease to losing it, to a fault, or to the end.
    async fn shift(&self, stop: &CancellationToken) -> Result<(), RelayFault> {
        let Some(until) = self.renew().await? else {
            pause(stop, self.settings.lease / 3).await;
            return Ok(());
        };
        tracing::debug!(shard = %self.shard, "this relay publishes");
        let mut shift = Shift {
            until,
            deleting: None,
        };
        let waker = self.database.waker();
        loop {
            if shift.until.saturating_duration_since(Instant::now()) < self.settings.lease * 2 / 3 {
                match self.renew().await? {
                    Some(until) => shift.until = until,
                    None => return Ok(()),
                }
            }
            let full = self.round(&mut shift).await?;
            if full && !stop.is_cancelled() {
                continue;
            }
            if stop.is_cancelled() {
                return shift.settle_deletion().await;
            }
            tokio::select! {
                () = waker.woken() => {}
                () = tokio::time::sleep(self.settings.poll.min(self.settings.lease / 3)) => {
                    self.measure().await?;
                }
                () = stop.cancelled() => {}
            }
        }
    }

    async fn renew(&self) -> Result<Option<Instant>, StoreError> {
        let asked = Instant::now();
        let lease = self
            .database
            .lease(&self.shard, self.holder, self.settings.lease)
            .await?;
        if let Some(lease) = &lease {
            #[expect(clippy::cast_precision_loss, reason = "an epoch is far below 2^52")]
            metrics::gauge!("outbox_lease_epoch", "shard" => self.shard.clone())
                .set(lease.epoch as f64);
        }
        Ok(lease.map(|_| asked + self.settings.lease))
    }

    /// Publishes what is there; says whether there may be more.
    async fn round(&self, shift: &mut Shift) -> Result<bool, RelayFault> {
        let except = shift.deleting.as_ref().map_or(&[][..], |(ids, _)| ids);
        let records = self.database.pending(self.settings.batch, except).await?;
        if records.is_empty() {
            shift.settle_deletion().await?;
            return Ok(false);
        }
        let full = records.len() == self.settings.batch;
        let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
        let messages = in_order(records);
        self.publisher.publish(&messages).await?;
        metrics::counter!("outbox_published_total", "shard" => self.shard.clone())
            .increment(messages.len() as u64);
        // The next round may start before the deletion is durable: it passes these over.
        shift.settle_deletion().await?;
        let database = self.database.clone();
        let doomed = ids.clone();
        shift.deleting = Some((
            ids,
            tokio::spawn(async move { database.remove(&doomed).await }),
        ));
        Ok(full)
    }

    async fn measure(&self) -> Result<(), StoreError> {
        let backlog = self.database.backlog().await?;
        let age = backlog.oldest.map_or(0.0, |oldest| {
            self.clock
                .now()
                .duration_since(oldest)
                .as_secs_f64()
                .max(0.0)
        });
        #[expect(clippy::cast_precision_loss, reason = "a count for a chart")]
        metrics::gauge!("outbox_backlog_records", "shard" => self.shard.clone())
            .set(backlog.records as f64);
        metrics::gauge!("outbox_oldest_age_seconds", "shard" => self.shard.clone()).set(age);
        Ok(())
    }
}

impl Shift {
    async fn settle_deletion(&mut self) -> Result<(), RelayFault> {
        if let Some((_, deletion)) = self.deleting.take() {
            deletion.await.map_err(|_| RelayFault::Interrupted)??;
        }
        Ok(())
    }
}

/// Why a shift ended early. Nothing is lost: what was not deleted is published again.
#[derive(Debug, thiserror::Error)]
enum RelayFault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the broker did not take everything: {0}")]
    Publish(#[from] crate::publisher::PublishError),
    #[error("a deletion was interrupted")]
    Interrupted,
}

/// The messages of `records` so that those of one topic and key rise in version.
///
/// Within one process records already lie in the order of their transactions; between
/// instances their ids depend on clocks, and the version is what counts. Messages of
/// different keys stay where they are.
fn in_order(records: Vec<OutboxRecord>) -> Vec<Message> {
    let messages: Vec<Message> = records
        .into_iter()
        .flat_map(|record| record.messages)
        .collect();
    let mut places: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (place, message) in messages.iter().enumerate() {
        places
            .entry((&message.topic, &message.key))
            .or_default()
            .push(place);
    }
    let mut order: Vec<usize> = (0..messages.len()).collect();
    for place_list in places.values().filter(|list| list.len() > 1) {
        let mut by_version = place_list.clone();
        by_version.sort_by_key(|&place| messages[place].aggregate_version);
        for (&place, &source) in place_list.iter().zip(&by_version) {
            order[place] = source;
        }
    }
    let mut slots: Vec<Option<Message>> = messages.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|source| slots[source].take())
        .collect()
}

/// Waits for `time`, or until `stop`.
async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::message::MessageContext;

    fn message(key: &str, version: u64) -> Message {
        Message {
            id: Uuid::now_v7(),
            topic: "t".into(),
            key: key.into(),
            event_type: "E".into(),
            version: 1,
            source: "s".into(),
            time: Timestamp::UNIX_EPOCH,
            aggregate_version: version,
            context: MessageContext::default(),
            payload: b"{}".to_vec(),
        }
    }

    fn record(messages: Vec<Message>) -> OutboxRecord {
        OutboxRecord {
            id: Uuid::now_v7(),
            written_at: Timestamp::UNIX_EPOCH,
            messages,
        }
    }

    #[test]
    fn versions_of_a_key_rise_and_other_keys_stay() {
        let records = vec![
            record(vec![message("a", 3), message("b", 1)]),
            record(vec![message("a", 1), message("c", 9)]),
            record(vec![message("a", 2)]),
        ];
        let order: Vec<(String, u64)> = in_order(records)
            .into_iter()
            .map(|m| (m.key, m.aggregate_version))
            .collect();
        let expected = [("a", 1), ("b", 1), ("a", 2), ("c", 9), ("a", 3)];
        assert_eq!(order, expected.map(|(k, v)| (k.to_owned(), v)));
    }
}
