//! Checkpoints, and the table of what is set aside.

use std::collections::btree_map::Entry;

use super::database::{MemoryDatabase, MemoryTx, Standing};
use super::faults::Step;
use crate::checkpoint::{Advance, Claim, InboxStore, ParkedKeys, TopicPartition};
use crate::dead_letter::DeadLetter;
use crate::error::{ErrorKind, StoreError};
use crate::replay::{ReplayCounts, ReplayFigures, Rewind};
use crate::source::Assigned;

impl Standing {
    fn claim(self, at: &TopicPartition) -> Claim {
        Claim {
            at: at.clone(),
            epoch: self.epoch,
            next: self.next,
            replay: self.replay,
        }
    }
}

impl<S: Clone + Default + Send + 'static> MemoryDatabase<S> {
    fn take_over(&self, group: &str, partitions: &[Assigned]) -> Vec<Claim> {
        let mut shared = self.lock();
        shared.version += 1;
        let claims = partitions.iter().map(|assigned| {
            let key = (group.to_owned(), assigned.at.clone());
            let fresh = Standing {
                epoch: 0,
                next: assigned.low,
                replay: None,
            };
            let standing = shared.versioned.checkpoints.entry(key).or_insert(fresh);
            standing.epoch += 1;
            standing.claim(&assigned.at)
        });
        claims.collect()
    }
}

impl<S: Clone + Default + Send + 'static> InboxStore for MemoryDatabase<S> {
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
                Some(standing) if (standing.epoch, standing.next) == (step.epoch, step.from) => {
                    standing.next = step.to;
                }
                _ => {
                    let what = format!("the checkpoint of {group} at {} moved", step.at);
                    return Err(StoreError::new(ErrorKind::Fenced, what));
                }
            }
        }
        Ok(())
    }

    async fn parked_keys(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<ParkedKeys, StoreError> {
        let shared = self.lock();
        let ours = shared
            .versioned
            .letters
            .values()
            .filter(|letter| letter.group == group && partitions.contains(&letter.record.at));
        let mut keys = ParkedKeys::new();
        for letter in ours {
            if let Some(key) = &letter.record.key {
                let keys = keys.entry(letter.record.at.clone()).or_default();
                let first = keys.entry(key.clone()).or_insert(letter.record.offset);
                *first = letter.record.offset.min(*first);
            }
        }
        Ok(keys)
    }

    async fn park(
        &self,
        tx: &mut MemoryTx<S>,
        letters: &[DeadLetter],
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.meet(Step::Write).await?;
        let mut fresh = Vec::new();
        for letter in letters {
            if let Entry::Vacant(place) = tx.letters.entry(letter.id()) {
                place.insert(letter.clone());
                fresh.push(letter.clone());
            }
        }
        Ok(fresh)
    }

    async fn parked(&self, group: &str) -> Result<u64, StoreError> {
        let shared = self.lock();
        let all = shared.versioned.letters.values();
        Ok(all.filter(|letter| letter.group == group).count() as u64)
    }

    async fn interrupt(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), StoreError> {
        let mut shared = self.lock();
        shared.version += 1;
        for at in partitions {
            let key = (group.to_owned(), at.clone());
            if let Some(standing) = shared.versioned.checkpoints.get_mut(&key) {
                standing.epoch += 1;
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
                Some(standing) if standing.next >= step.from => {
                    let before = standing.replay.map_or(standing.next, |replay| replay.to);
                    standing.replay = Some(ReplayFigures {
                        from: step.from,
                        to: standing.next.max(before),
                        counts: ReplayCounts::default(),
                    });
                    standing.epoch += 1;
                    standing.next = step.from;
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
            let standing = tx.checkpoints.get_mut(&key);
            if let Some(figures) = standing.and_then(|standing| standing.replay.as_mut()) {
                figures.counts += *more;
            }
        }
        Ok(())
    }

    async fn checkpoints(&self, group: &str) -> Result<Vec<Claim>, StoreError> {
        let shared = self.lock();
        let all = shared.versioned.checkpoints.iter();
        Ok(all
            .filter(|((owner, _), _)| owner == group)
            .map(|((_, at), standing)| standing.claim(at))
            .collect())
    }
}
