//! The operator's desk.

use std::sync::Arc;

use super::action::{
    Action, DeskError, Handled, LetterAction, LetterDetail, LetterFilter, LetterView, Outcome,
};
use super::handling::Handling;
use super::store::LetterStore;
use crate::clock::Clock;
use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::handler::Subscriptions;
use crate::interrupt::interrupting;

/// The most letters that are shown behind one.
const SHOWN: usize = 100;

/// Shows a group's dead letters, and handles or gives them up.
///
/// Letters of a key are only ever handled in their order, first the one that failed, then
/// those that came behind it. Each step is one transaction that changes the service's state,
/// takes the letters away, says what follows from them, and keeps a record of who did it and
/// why. It raises the epoch of the partition's checkpoint, so that a running inbox, which
/// parks what comes behind a letter, reads anew which keys are parked: nothing is parked
/// behind nothing, and nothing overtakes a letter.
pub struct DeadLetters<D: LetterStore> {
    database: D,
    subscriptions: Subscriptions<D>,
    service: String,
    clock: Arc<dyn Clock>,
}

impl<D: LetterStore> DeadLetters<D> {
    /// The desk of the group of `subscriptions`, whose handlers' events are said by
    /// `service`.
    pub fn new(
        database: D,
        subscriptions: Subscriptions<D>,
        service: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            database,
            subscriptions,
            service: service.into(),
            clock,
        }
    }

    /// The consumer group.
    pub fn group(&self) -> &str {
        self.subscriptions.group()
    }

    /// The first letter of each key, longest parked first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn list(&self, filter: &LetterFilter) -> Result<Vec<LetterView>, StoreError> {
        self.database.lines(self.group(), filter).await
    }

    /// How many letters there are, those that wait included.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn count(&self) -> Result<u64, StoreError> {
        self.database.parked(self.group()).await
    }

    /// The letter `id` with those behind it.
    ///
    /// # Errors
    /// When there is no such letter, or the database is out of reach.
    pub async fn show(&self, id: &str) -> Result<LetterDetail, DeskError> {
        let letter = self.letter(id).await?;
        let mut tx = self.database.begin().await?;
        let (first, _) = self.database.line(&mut tx, &letter, i64::MIN, 1).await?;
        let behind = letter.record.offset + 1;
        let (behind, waiting) = match letter.record.key {
            Some(_) => self.database.line(&mut tx, &letter, behind, SHOWN).await?,
            None => (Vec::new(), 0),
        };
        self.database.abort(tx).await;
        let waits_for = first.first().map(DeadLetter::id);
        Ok(LetterDetail {
            waits_for: waits_for.filter(|first| *first != letter.id()),
            letter,
            behind,
            waiting,
        })
    }

    /// Handles the letter again, named by its id or its key, and then those behind it, up to
    /// one that fails for good. `why` may be empty.
    ///
    /// # Errors
    /// When there is no such letter, or it waits behind another one.
    pub async fn retry(&self, id_or_key: &str, who: &str, why: &str) -> Result<Handled, DeskError> {
        let letter = self.find(id_or_key).await?;
        self.act(Action::Retry, &letter, who, why).await
    }

    /// Gives the letter up, then handles those behind it, up to one that fails for good.
    ///
    /// # Errors
    /// When there is no such letter, it waits behind another one, or no reason is given.
    pub async fn discard(&self, id: &str, who: &str, why: &str) -> Result<Handled, DeskError> {
        let letter = self.letter(id).await?;
        self.act(Action::Discard, &letter, who, why).await
    }

    /// What was done at the desk, newest first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn actions(&self, limit: usize) -> Result<Vec<LetterAction>, StoreError> {
        self.database.actions(self.group(), limit).await
    }

    async fn letter(&self, id: &str) -> Result<DeadLetter, DeskError> {
        let found = self.database.letter(id).await?;
        found
            .filter(|letter| letter.group == self.group())
            .ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, asked: &str) -> DeskError {
        DeskError::Unknown {
            asked: asked.to_owned(),
            group: self.group().to_owned(),
        }
    }

    async fn find(&self, id_or_key: &str) -> Result<DeadLetter, DeskError> {
        match self.letter(id_or_key).await {
            Err(DeskError::Unknown { .. }) => {}
            other => return other,
        }
        let filter = LetterFilter {
            key: Some(id_or_key.to_owned()),
            ..LetterFilter::default()
        };
        let mut lines = self.list(&filter).await?;
        match lines.len() {
            0 => Err(self.unknown(id_or_key)),
            1 => Ok(lines.remove(0).letter),
            _ => Err(DeskError::Several {
                key: id_or_key.to_owned(),
                ids: lines.iter().map(|line| line.letter.id()).collect(),
            }),
        }
    }

    async fn act(
        &self,
        action: Action,
        letter: &DeadLetter,
        who: &str,
        why: &str,
    ) -> Result<Handled, DeskError> {
        if action == Action::Discard && why.trim().is_empty() {
            return Err(DeskError::NoReason);
        }
        let mut total: Option<Handled> = None;
        loop {
            let mut handling = Handling::new(self, action, letter, who, why);
            if total.is_some() {
                handling.go_on();
            }
            let places = [letter.record.at.clone()];
            let done = interrupting(&self.database, self.group(), &places, &mut handling).await;
            if let Some(refusal) = handling.refusal() {
                return Err(refusal);
            }
            let part = done?;
            let handled = match total.take() {
                None => part,
                Some(before) => Handled {
                    applied: before.applied + part.applied,
                    outcome: before.outcome,
                    ..part
                },
            };
            let failed = matches!(handled.outcome, Outcome::FailedAgain { .. });
            if failed || handled.left == 0 || handled.stopped_at.is_some() {
                return Ok(handled);
            }
            total = Some(handled);
        }
    }

    pub(super) fn parts(&self) -> (&D, &Subscriptions<D>, &str, &dyn Clock) {
        let clock = self.clock.as_ref();
        (&self.database, &self.subscriptions, &self.service, clock)
    }
}
