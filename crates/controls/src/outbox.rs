//! Outbox, inbox and publisher.

use std::time::Duration;

use outbox::checkpoint::{ReplayCounts, Rewind};
use outbox::jobs::JobChange;
use outbox::outbox::{Backlog, Lease};
use outbox::source::Assigned;
use outbox::{
    Advance, Claim, DeadLetter, DeadLetterKeys, InboxStore, Message, OutboxRecord, OutboxStore,
    PublishError, Publisher, StoreError, TopicPartition, Waker,
};
use uuid::Uuid;

use crate::{Broken, BrokenTx, Rule};

impl<D: OutboxStore> OutboxStore for Broken<D> {
    async fn append(&self, tx: &mut Self::Tx, record: &OutboxRecord) -> Result<(), StoreError> {
        if self.breaks(Rule::OutboxInTransaction) {
            tx.held_back.push(record.clone());
            return Ok(());
        }
        self.right.append(&mut tx.right, record).await
    }

    async fn change_jobs(
        &self,
        tx: &mut Self::Tx,
        changes: &[JobChange],
    ) -> Result<(), StoreError> {
        self.right.change_jobs(&mut tx.right, changes).await
    }

    async fn pending(
        &self,
        limit: usize,
        except: &[Uuid],
    ) -> Result<Vec<OutboxRecord>, StoreError> {
        let mut records = self.right.pending(limit, except).await?;
        if self.breaks(Rule::UnpagedOutbox) {
            let position = *self.position();
            records.retain(|record| record.id > position);
        }
        if self.breaks(Rule::DeleteAfterAck) {
            let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
            self.right.remove(&ids).await?;
        }
        Ok(records)
    }

    async fn remove(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        if let Some(last) = ids.iter().max() {
            let mut position = self.position();
            *position = *last.max(&position);
        }
        self.right.remove(ids).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.right.backlog().await
    }

    async fn lease(
        &self,
        shard: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let lease = self.right.lease(shard, holder, ttl).await?;
        if self.breaks(Rule::Lease) {
            return Ok(lease.or(Some(Lease { epoch: 0, ttl })));
        }
        Ok(lease)
    }

    async fn release(&self, shard: &str, holder: Uuid) -> Result<(), StoreError> {
        self.right.release(shard, holder).await
    }

    async fn changed_elsewhere(&self) -> Result<(), StoreError> {
        self.right.changed_elsewhere().await
    }

    fn waker(&self) -> Waker {
        self.right.waker()
    }
}

impl<D: InboxStore + OutboxStore> Broken<D> {
    /// Moves the checkpoints at once, whatever becomes of the batch. The batch goes on with a
    /// transaction that has seen it.
    async fn advance_alone(
        &self,
        tx: &mut BrokenTx<D::Tx>,
        group: &str,
        steps: &[Advance],
    ) -> Result<(), StoreError> {
        let mut alone = self.right.begin().await?;
        self.right.advance(&mut alone, group, steps).await?;
        self.right.commit(alone).await?;
        tx.right = self.right.begin().await?;
        Ok(())
    }

    /// Moves the checkpoints from wherever they are.
    async fn advance_unfenced(
        &self,
        tx: &mut BrokenTx<D::Tx>,
        group: &str,
        steps: &[Advance],
    ) -> Result<(), StoreError> {
        let stands = self.right.checkpoints(group).await?;
        let unfenced = steps.iter().filter_map(|step| {
            let claim = stands.iter().find(|claim| claim.at == step.at)?;
            (claim.next != step.to).then(|| Advance {
                epoch: claim.epoch,
                from: claim.next,
                ..step.clone()
            })
        });
        let unfenced: Vec<Advance> = unfenced.collect();
        self.right.advance(&mut tx.right, group, &unfenced).await
    }
}

impl<D: InboxStore + OutboxStore> InboxStore for Broken<D> {
    async fn claim(&self, group: &str, partitions: &[Assigned]) -> Result<Vec<Claim>, StoreError> {
        self.right.claim(group, partitions).await
    }

    async fn advance(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        steps: &[Advance],
    ) -> Result<(), StoreError> {
        if self.breaks(Rule::Checkpoint) {
            self.advance_alone(tx, group, steps).await
        } else if self.breaks(Rule::CheckpointFence) {
            self.advance_unfenced(tx, group, steps).await
        } else {
            self.right.advance(&mut tx.right, group, steps).await
        }
    }

    async fn dead_letter_keys(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<DeadLetterKeys, StoreError> {
        let mut keys = self.right.dead_letter_keys(group, partitions).await?;
        if self.breaks(Rule::DeadLetterKey) {
            keys.clear();
        }
        Ok(keys)
    }

    async fn add_dead_letters(
        &self,
        tx: &mut Self::Tx,
        dead_letters: &[DeadLetter],
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let mut fresh = self
            .right
            .add_dead_letters(&mut tx.right, dead_letters)
            .await?;
        if self.breaks(Rule::DeadLetterKey) {
            // The inbox learns the key of a dead letter from it.
            fresh.clear();
        }
        Ok(fresh)
    }

    async fn count_dead_letters(&self, group: &str) -> Result<u64, StoreError> {
        self.right.count_dead_letters(group).await
    }

    async fn interrupt(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), StoreError> {
        self.right.interrupt(group, partitions).await
    }

    async fn rewind(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        steps: &[Rewind],
    ) -> Result<(), StoreError> {
        self.right.rewind(&mut tx.right, group, steps).await
    }

    async fn count_replayed(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        counts: &[(TopicPartition, ReplayCounts)],
    ) -> Result<(), StoreError> {
        self.right
            .count_replayed(&mut tx.right, group, counts)
            .await
    }

    async fn checkpoints(&self, group: &str) -> Result<Vec<Claim>, StoreError> {
        self.right.checkpoints(group).await
    }
}

impl<P: Publisher> Publisher for Broken<P> {
    async fn publish(&self, messages: &[Message]) -> Result<(), PublishError> {
        if self.breaks(Rule::KeyOrder) {
            let reversed: Vec<Message> = messages.iter().rev().cloned().collect();
            return self.right.publish(&reversed).await;
        }
        self.right.publish(messages).await
    }
}
