//! Dead letters and what was done with them.

use std::collections::BTreeMap;

use super::database::{MemoryDatabase, MemoryTx};
use super::faults::Step;
use super::tables::Tables;
use crate::checkpoint::TopicPartition;
use crate::dead_letter::{
    DeadLetter, DeadLetterAction, DeadLetterFilter, DeadLetterStore, DeadLetterView,
};
use crate::error::StoreError;

/// Whether `other` is of the line of `dead_letter`.
fn in_line(dead_letter: &DeadLetter, other: &DeadLetter) -> bool {
    let (one, two) = (&dead_letter.record, &other.record);
    let same = dead_letter.group == other.group && one.at == two.at && one.key == two.key;
    same && (one.key.is_some() || one.offset == two.offset)
}

impl<S: Tables> DeadLetterStore for MemoryDatabase<S> {
    async fn lines(
        &self,
        group: &str,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, StoreError> {
        let dead_letters = self.dead_letters();
        let mut lines: BTreeMap<_, Vec<DeadLetter>> = BTreeMap::new();
        for dead_letter in dead_letters {
            let record = &dead_letter.record;
            let topic = filter.topic.as_ref();
            let wanted = dead_letter.group == group
                && topic.is_none_or(|topic| *topic == record.at.topic)
                && (filter.key.is_none() || filter.key == record.key);
            if wanted {
                let alone = record.key.is_none().then_some(record.offset);
                let line = (record.at.clone(), record.key.clone(), alone);
                lines.entry(line).or_default().push(dead_letter);
            }
        }
        let mut views: Vec<DeadLetterView> = lines
            .into_values()
            .filter_map(|line| {
                let waiting = line.len() as u64 - 1;
                let dead_letter = line
                    .into_iter()
                    .min_by_key(|dead_letter| dead_letter.record.offset)?;
                Some(DeadLetterView {
                    dead_letter,
                    waiting,
                })
            })
            .collect();
        views.sort_by_key(|view| (view.dead_letter.dead_lettered_at, view.dead_letter.id()));
        views.truncate(filter.limit);
        Ok(views)
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        Ok(self.lock().versioned.dead_letters.get(id).cloned())
    }

    async fn line(
        &self,
        tx: &mut MemoryTx<S>,
        dead_letter: &DeadLetter,
        from: i64,
        limit: usize,
    ) -> Result<(Vec<DeadLetter>, u64), StoreError> {
        self.meet(Step::Read).await?;
        let mut line: Vec<DeadLetter> = tx
            .dead_letters
            .values()
            .filter(|other| in_line(dead_letter, other) && other.record.offset >= from)
            .cloned()
            .collect();
        line.sort_by_key(|dead_letter| dead_letter.record.offset);
        let total = line.len() as u64;
        line.truncate(limit);
        Ok((line, total))
    }

    async fn remove_dead_letters(
        &self,
        tx: &mut MemoryTx<S>,
        ids: &[String],
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for id in ids {
            tx.dead_letters.remove(id);
        }
        Ok(())
    }

    async fn update_dead_letter(
        &self,
        tx: &mut MemoryTx<S>,
        dead_letter: &DeadLetter,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        if let Some(kept) = tx.dead_letters.get_mut(&dead_letter.id()) {
            kept.clone_from(dead_letter);
        }
        Ok(())
    }

    async fn fence(
        &self,
        tx: &mut MemoryTx<S>,
        group: &str,
        at: &TopicPartition,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        let key = (group.to_owned(), at.clone());
        if let Some(checkpoint) = tx.checkpoints.get_mut(&key) {
            checkpoint.epoch += 1;
        }
        Ok(())
    }

    async fn write_action(
        &self,
        tx: &mut MemoryTx<S>,
        group: &str,
        action: &DeadLetterAction,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        tx.actions.push((group.to_owned(), action.clone()));
        Ok(())
    }

    async fn actions(
        &self,
        group: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetterAction>, StoreError> {
        let shared = self.lock();
        let all = shared.versioned.actions.iter().rev();
        let ours = all.filter(|(owner, _)| owner == group);
        Ok(ours.take(limit).map(|(_, action)| action.clone()).collect())
    }
}
