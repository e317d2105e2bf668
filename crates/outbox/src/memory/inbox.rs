//! Checkpoints, and the table of what is set aside.

use std::collections::btree_map::Entry;

use super::database::{CheckpointState, MemoryDatabase, MemoryTx};
use super::faults::Step;
use super::tables::Tables;
use crate::checkpoint::{
    Advance, Claim, DeadLetterKeys, ReplayCounts, ReplayState, Rewind, TopicPartition,
};
use crate::dead_letter::DeadLetter;
use crate::error::{ErrorKind, StoreError};
use crate::inbox::InboxStore;
use crate::source::Assigned;

impl CheckpointState {
    fn claim(self, at: &TopicPartition) -> Claim {
        Claim {
            at: at.clone(),
            epoch: self.epoch,
            next: self.next,
            topic_id: self.topic_id,
            replay: self.replay,
        }
    }
}

impl<S: Tables> MemoryDatabase<S> {
    fn take_over(&self, group: &str, partitions: &[Assigned]) -> Vec<Claim> {
        let mut shared = self.lock();
        let claims = partitions.iter().map(|assigned| {
            let key = (group.to_owned(), assigned.at.clone());
            let fresh = CheckpointState {
                epoch: 0,
                next: assigned.low,
                topic_id: None,
                replay: None,
            };
            let checkpoint = shared.change().checkpoints.entry(key).or_insert(fresh);
            if (assigned.low..=assigned.high).contains(&checkpoint.next) {
                checkpoint.topic_id = checkpoint.topic_id.or(assigned.topic_id);
            }
            checkpoint.epoch += 1;
            checkpoint.claim(&assigned.at)
        });
        claims.collect()
    }
}

impl<S: Tables> InboxStore for MemoryDatabase<S> {
    async fn claim(&self, group: &str, partitions: &[Assigned]) -> Result<Vec<Claim>, StoreError> {
        self.meet(Step::Claim).await?;
        let claims = self.take_over(group, partitions);
        self.meet(Step::Claimed).await?;
        Ok(claims)
    }

    async fn advance(
        &self,
        tx: &mut MemoryTx<S>,
        group: &str,
        steps: &[Advance],
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for step in steps {
            let key = (group.to_owned(), step.at.clone());
            match tx.checkpoints.get_mut(&key) {
                Some(checkpoint)
                    if (checkpoint.epoch, checkpoint.next) == (step.epoch, step.from) =>
                {
                    checkpoint.next = step.to;
                }
                _ => {
                    let what = format!("the checkpoint of {group} at {} moved", step.at);
                    return Err(StoreError::new(ErrorKind::Fenced, what));
                }
            }
        }
        Ok(())
    }

    async fn dead_letter_keys(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<DeadLetterKeys, StoreError> {
        let shared = self.lock();
        let ours = shared
            .versioned
            .dead_letters
            .values()
            .filter(|dead_letter| {
                dead_letter.group == group && partitions.contains(&dead_letter.record.at)
            });
        let mut keys = DeadLetterKeys::new();
        for dead_letter in ours {
            if let Some(key) = &dead_letter.record.key {
                let keys = keys.entry(dead_letter.record.at.clone()).or_default();
                let first = keys.entry(key.clone()).or_insert(dead_letter.record.offset);
                *first = dead_letter.record.offset.min(*first);
            }
        }
        Ok(keys)
    }

    async fn add_dead_letters(
        &self,
        tx: &mut MemoryTx<S>,
        dead_letters: &[DeadLetter],
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.meet(Step::Write).await?;
        let mut fresh = Vec::new();
        for dead_letter in dead_letters {
            if let Entry::Vacant(place) = tx.dead_letters.entry(dead_letter.id()) {
                place.insert(dead_letter.clone());
                fresh.push(dead_letter.clone());
            }
        }
        Ok(fresh)
    }

    async fn count_dead_letters(&self, group: &str) -> Result<u64, StoreError> {
        let shared = self.lock();
        let all = shared.versioned.dead_letters.values();
        Ok(all.filter(|dead_letter| dead_letter.group == group).count() as u64)
    }

    async fn interrupt(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), StoreError> {
        let mut shared = self.lock();
        for at in partitions {
            let key = (group.to_owned(), at.clone());
            if let Some(checkpoint) = shared.change().checkpoints.get_mut(&key) {
                checkpoint.epoch += 1;
            }
        }
        Ok(())
    }

    async fn rewind(
        &self,
        tx: &mut MemoryTx<S>,
        group: &str,
        steps: &[Rewind],
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for step in steps {
            let key = (group.to_owned(), step.at.clone());
            match tx.checkpoints.get_mut(&key) {
                Some(checkpoint) if checkpoint.next >= step.from => {
                    let before = checkpoint
                        .replay
                        .map_or(checkpoint.next, |replay| replay.to);
                    checkpoint.replay = Some(ReplayState {
                        from: step.from,
                        to: checkpoint.next.max(before),
                        counts: ReplayCounts::default(),
                    });
                    checkpoint.epoch += 1;
                    checkpoint.next = step.from;
                }
                _ => {
                    let what = format!("the checkpoint of {group} at {} stands before it", step.at);
                    return Err(StoreError::conflict(what));
                }
            }
        }
        Ok(())
    }

    async fn count_replayed(
        &self,
        tx: &mut MemoryTx<S>,
        group: &str,
        counts: &[(TopicPartition, ReplayCounts)],
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for (at, more) in counts {
            let key = (group.to_owned(), at.clone());
            let checkpoint = tx.checkpoints.get_mut(&key);
            if let Some(state) = checkpoint.and_then(|checkpoint| checkpoint.replay.as_mut()) {
                state.counts += *more;
            }
        }
        Ok(())
    }

    async fn checkpoints(&self, group: &str) -> Result<Vec<Claim>, StoreError> {
        let shared = self.lock();
        let all = shared.versioned.checkpoints.iter();
        Ok(all
            .filter(|((owner, _), _)| owner == group)
            .map(|((_, at), checkpoint)| checkpoint.claim(at))
            .collect())
    }
}
