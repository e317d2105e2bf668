//! Dead letters for operators.

use std::sync::Arc;

use super::action::{
    Action, DeadLetterAction, DeadLetterDetail, DeadLetterError, DeadLetterFilter, DeadLetterView,
    Handled, Outcome,
};
use super::handling::{Handling, With};
use super::store::{DeadLetterStore, Originals};
use crate::clock::Clock;
use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::handler::Subscriptions;
use crate::interrupt::interrupting;

/// The most dead letters that are shown behind one.
const SHOWN: usize = 100;

/// Shows a group's dead letters, and handles or gives them up.
///
/// Dead letters of a key are only ever handled in their order, first the one that failed, then
/// those that came behind it. Each step is one transaction that changes the service's state, takes
/// the dead letters away, publishes what follows from them, and keeps a record of who did it and
/// why. It raises the epoch of the partition's checkpoint, so that a running inbox, which
/// dead-letters what comes behind a dead letter, reads anew which keys are dead-lettered: no
/// message is dead-lettered behind nothing, and nothing overtakes a dead letter.
pub struct DeadLetterAdmin<D: DeadLetterStore> {
    database: D,
    subscriptions: Subscriptions<D>,
    service: String,
    clock: Arc<dyn Clock>,
    originals: Arc<dyn Originals>,
}

impl<D: DeadLetterStore> DeadLetterAdmin<D> {
    /// The dead-letter admin of the group of `subscriptions`, whose handlers' events are published
    /// by `service`. Records that were too large to be kept are read from `originals` again.
    pub fn new(
        database: D,
        subscriptions: Subscriptions<D>,
        service: impl Into<String>,
        clock: Arc<dyn Clock>,
        originals: Arc<dyn Originals>,
    ) -> Self {
        Self {
            database,
            subscriptions,
            service: service.into(),
            clock,
            originals,
        }
    }

    /// The consumer group.
    pub fn group(&self) -> &str {
        self.subscriptions.group()
    }

    /// The first dead letter of each key, oldest first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn list(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetterView>, StoreError> {
        self.database.lines(self.group(), filter).await
    }

    /// How many dead letters there are, those that wait included.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn count(&self) -> Result<u64, StoreError> {
        self.database.count_dead_letters(self.group()).await
    }

    /// The dead letter `id` with those behind it.
    ///
    /// # Errors
    /// When there is no such dead letter, or the database is out of reach.
    pub async fn show(&self, id: &str) -> Result<DeadLetterDetail, DeadLetterError> {
        let dead_letter = self.dead_letter(id).await?;
        let mut tx = self.database.begin().await?;
        let (first, _) = self
            .database
            .line(&mut tx, &dead_letter, i64::MIN, 1)
            .await?;
        let behind = dead_letter.record.offset + 1;
        let (behind, waiting) = match dead_letter.record.key {
            Some(_) => {
                self.database
                    .line(&mut tx, &dead_letter, behind, SHOWN)
                    .await?
            }
            None => (Vec::new(), 0),
        };
        self.database.abort(tx).await;
        let waits_for = first.first().map(DeadLetter::id);
        Ok(DeadLetterDetail {
            waits_for: waits_for.filter(|first| *first != dead_letter.id()),
            dead_letter,
            behind,
            waiting,
        })
    }

    /// Handles the dead letter again, named by its id or its key, and then those behind it, up to
    /// one that fails for good. `why` may be empty.
    ///
    /// # Errors
    /// When there is no such dead letter, or it waits behind another one.
    pub async fn retry(
        &self,
        id_or_key: &str,
        who: &str,
        why: &str,
    ) -> Result<Handled, DeadLetterError> {
        let dead_letter = self.find(id_or_key).await?;
        self.act(Action::Retry, &dead_letter, who, why).await
    }

    /// Gives the dead letter up, then handles those behind it, up to one that fails for good.
    ///
    /// # Errors
    /// When there is no such dead letter, it waits behind another one, or no reason is given.
    pub async fn discard(
        &self,
        id: &str,
        who: &str,
        why: &str,
    ) -> Result<Handled, DeadLetterError> {
        let dead_letter = self.dead_letter(id).await?;
        self.act(Action::Discard, &dead_letter, who, why).await
    }

    /// What was done with dead letters, newest first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn actions(&self, limit: usize) -> Result<Vec<DeadLetterAction>, StoreError> {
        self.database.actions(self.group(), limit).await
    }

    async fn dead_letter(&self, id: &str) -> Result<DeadLetter, DeadLetterError> {
        let found = self.database.dead_letter(id).await?;
        found
            .filter(|dead_letter| dead_letter.group == self.group())
            .ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, asked: &str) -> DeadLetterError {
        DeadLetterError::Unknown {
            asked: asked.to_owned(),
            group: self.group().to_owned(),
        }
    }

    async fn find(&self, id_or_key: &str) -> Result<DeadLetter, DeadLetterError> {
        match self.dead_letter(id_or_key).await {
            Err(DeadLetterError::Unknown { .. }) => {}
            other => return other,
        }
        let filter = DeadLetterFilter {
            key: Some(id_or_key.to_owned()),
            ..DeadLetterFilter::default()
        };
        let mut lines = self.list(&filter).await?;
        match lines.len() {
            0 => Err(self.unknown(id_or_key)),
            1 => Ok(lines.remove(0).dead_letter),
            _ => Err(DeadLetterError::Several {
                key: id_or_key.to_owned(),
                ids: lines.iter().map(|line| line.dead_letter.id()).collect(),
            }),
        }
    }

    async fn act(
        &self,
        action: Action,
        dead_letter: &DeadLetter,
        who: &str,
        why: &str,
    ) -> Result<Handled, DeadLetterError> {
        if action == Action::Discard && why.trim().is_empty() {
            return Err(DeadLetterError::NoReason);
        }
        let mut total: Option<Handled> = None;
        loop {
            let mut handling = Handling::new(self.with(), action, dead_letter, who, why);
            if total.is_some() {
                handling.go_on();
            }
            let places = [dead_letter.record.at.clone()];
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

    fn with(&self) -> With<'_, D> {
        With {
            database: &self.database,
            subscriptions: &self.subscriptions,
            service: &self.service,
            clock: self.clock.as_ref(),
            originals: self.originals.as_ref(),
        }
    }
}
