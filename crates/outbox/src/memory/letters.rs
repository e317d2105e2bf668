//! Dead letters and what was done with them.

use std::collections::BTreeMap;

use super::database::{MemoryDatabase, MemoryTx};
use super::faults::Step;
use crate::checkpoint::TopicPartition;
use crate::dead_letter::{DeadLetter, LetterAction, LetterFilter, LetterStore, LetterView};
use crate::error::StoreError;

/// Whether `other` is of the line of `letter`.
fn in_line(letter: &DeadLetter, other: &DeadLetter) -> bool {
    let (one, two) = (&letter.record, &other.record);
    let same = letter.group == other.group && one.at == two.at && one.key == two.key;
    same && (one.key.is_some() || one.offset == two.offset)
}

impl<S: Clone + Default + Send + 'static> LetterStore for MemoryDatabase<S> {
    async fn lines(
        &self,
        group: &str,
        filter: &LetterFilter,
    ) -> Result<Vec<LetterView>, StoreError> {
        let letters = self.dead_letters();
        let mut lines: BTreeMap<_, Vec<DeadLetter>> = BTreeMap::new();
        for letter in letters {
            let record = &letter.record;
            let topic = filter.topic.as_ref();
            let wanted = letter.group == group
                && topic.is_none_or(|topic| *topic == record.at.topic)
                && (filter.key.is_none() || filter.key == record.key);
            if wanted {
                let alone = record.key.is_none().then_some(record.offset);
                let line = (record.at.clone(), record.key.clone(), alone);
                lines.entry(line).or_default().push(letter);
            }
        }
        let mut views: Vec<LetterView> = lines
            .into_values()
            .filter_map(|line| {
                let waiting = line.len() as u64 - 1;
                let letter = line.into_iter().min_by_key(|letter| letter.record.offset)?;
                Some(LetterView { letter, waiting })
            })
            .collect();
        views.sort_by_key(|view| (view.letter.parked_at, view.letter.id()));
        views.truncate(filter.limit);
        Ok(views)
    }

    async fn letter(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        Ok(self.lock().versioned.letters.get(id).cloned())
    }

    async fn line(
        &self,
        tx: &mut MemoryTx<S>,
        letter: &DeadLetter,
        from: i64,
        limit: usize,
    ) -> Result<(Vec<DeadLetter>, u64), StoreError> {
        self.meet(Step::Read).await?;
        let mut line: Vec<DeadLetter> = tx
            .letters
            .values()
            .filter(|other| in_line(letter, other) && other.record.offset >= from)
            .cloned()
            .collect();
        line.sort_by_key(|letter| letter.record.offset);
        let total = line.len() as u64;
        line.truncate(limit);
        Ok((line, total))
    }

    async fn unpark(&self, tx: &mut MemoryTx<S>, ids: &[String]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for id in ids {
            tx.letters.remove(id);
        }
        Ok(())
    }

    async fn repark(&self, tx: &mut MemoryTx<S>, letter: &DeadLetter) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        if let Some(kept) = tx.letters.get_mut(&letter.id()) {
            kept.clone_from(letter);
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
        if let Some(standing) = tx.checkpoints.get_mut(&key) {
            standing.epoch += 1;
        }
        Ok(())
    }

    async fn write_action(
        &self,
        tx: &mut MemoryTx<S>,
        group: &str,
        action: &LetterAction,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        tx.actions.push((group.to_owned(), action.clone()));
        Ok(())
    }

    async fn actions(&self, group: &str, limit: usize) -> Result<Vec<LetterAction>, StoreError> {
        let shared = self.lock();
        let all = shared.versioned.actions.iter().rev();
        let ours = all.filter(|(owner, _)| owner == group);
        Ok(ours.take(limit).map(|(_, action)| action.clone()).collect())
    }
}
