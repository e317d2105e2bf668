//! A part of a line, handled in one transaction.

use super::action::{Action, DeskError, Handled, LetterAction, Outcome};
use super::desk::DeadLetters;
use super::store::LetterStore;
use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::handler::{HandleError, text_header};
use crate::message::InvalidMessage;
use crate::outbox::Outgoing;
use crate::transaction::Work;

/// The most letters in one transaction: a server ends one that takes a minute.
const PART: usize = 100;

pub(super) struct Handling<'a, D: LetterStore> {
    desk: &'a DeadLetters<D>,
    action: Action,
    letter: &'a DeadLetter,
    who: &'a str,
    why: &'a str,
    /// The letter itself is dealt with; what is left is behind it.
    going_on: bool,
    /// Set when a letter turns out to be beyond help after a handler has begun with it. The
    /// transaction is given up then, and the next attempt stops before that letter.
    doomed: Option<(String, String)>,
    refused: Option<DeskError>,
}

/// What one letter came to.
enum Fate {
    Applied,
    Failed(String),
}

impl<'a, D: LetterStore> Handling<'a, D> {
    pub(super) fn new(
        desk: &'a DeadLetters<D>,
        action: Action,
        letter: &'a DeadLetter,
        who: &'a str,
        why: &'a str,
    ) -> Self {
        Self {
            desk,
            action,
            letter,
            who,
            why,
            going_on: false,
            doomed: None,
            refused: None,
        }
    }

    /// Handles what is behind the letter, which is gone.
    pub(super) fn go_on(&mut self) {
        self.going_on = true;
    }

    /// Why nothing was done.
    pub(super) fn refusal(self) -> Option<DeskError> {
        self.refused
    }

    fn refuse(&mut self, why: DeskError) -> StoreError {
        let text = why.to_string();
        self.refused = Some(why);
        StoreError::permanent(text)
    }

    /// Whether the line begins with the letter that was asked for.
    fn check(&mut self, line: &[DeadLetter]) -> Result<(), StoreError> {
        let id = self.letter.id();
        match line.first().map(DeadLetter::id) {
            _ if self.going_on => Ok(()),
            Some(first) if first == id => Ok(()),
            Some(first) if line.iter().any(|letter| letter.id() == id) => {
                let waits_for = first;
                Err(self.refuse(DeskError::Waits { id, waits_for }))
            }
            // It went since it was looked up, or waits far behind.
            Some(waits_for) if self.letter.waits => {
                Err(self.refuse(DeskError::Waits { id, waits_for }))
            }
            _ => {
                let group = self.desk.group().to_owned();
                Err(self.refuse(DeskError::Unknown { asked: id, group }))
            }
        }
    }

    async fn handle(
        &mut self,
        tx: &mut D::Tx,
        letter: &DeadLetter,
        out: &mut Outgoing<'_>,
    ) -> Result<Fate, StoreError> {
        if let Some((id, reason)) = &self.doomed
            && *id == letter.id()
        {
            return Ok(Fate::Failed(reason.clone()));
        }
        let (_, subscriptions, _, _) = self.desk.parts();
        if text_header(&letter.record, "ce_type").is_none() {
            let reason = InvalidMessage::Header("ce_type").to_string();
            return Ok(Fate::Failed(reason));
        }
        let Some(route) = subscriptions.route(&letter.record) else {
            // Nobody here asks for its type any more; the inbox would pass it over, too.
            return Ok(Fate::Applied);
        };
        let event = match route.decode(&letter.record, None) {
            Ok(event) => event,
            Err(reason) => return Ok(Fate::Failed(reason.to_string())),
        };
        match route.handle(tx, &[event], out).await {
            Ok(()) => Ok(Fate::Applied),
            Err(HandleError::Retry(fault)) => Err(fault),
            Err(HandleError::DeadLetter(reason)) => {
                self.doomed = Some((letter.id(), reason.clone()));
                Err(StoreError::conflict(reason))
            }
        }
    }

    fn record(&self, handled: &Handled, out: &Outgoing<'_>) -> LetterAction {
        let (_, _, _, clock) = self.desk.parts();
        let record = &self.letter.record;
        LetterAction {
            id: clock.uuid(),
            at: out.now(),
            who: self.who.to_owned(),
            action: self.action,
            letter: self.letter.id(),
            topic: record.at.topic.clone(),
            key: record.key.clone(),
            event_id: text_header(record, "ce_id").map(str::to_owned),
            why: self.why.to_owned(),
            outcome: if self.going_on {
                handled.further()
            } else {
                handled.to_string()
            },
        }
    }
}

impl<D: LetterStore> Work<D> for Handling<'_, D> {
    type Output = Handled;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Handled, StoreError> {
        let (database, subscriptions, service, clock) = self.desk.parts();
        self.refused = None;
        let (group, at) = (subscriptions.group(), &self.letter.record.at);
        // First, so that an inbox at work on this partition conflicts with us from here on.
        database.fence(tx, group, at).await?;
        let (line, total) = database.line(tx, self.letter, i64::MIN, PART).await?;
        self.check(&line)?;
        let mut out = Outgoing::new(service, clock);
        let (mut gone, mut applied, mut stopped_at) = (Vec::new(), 0, None);
        for letter in &line {
            let is_asked_for = letter.id() == self.letter.id();
            if is_asked_for && self.action == Action::Discard {
                gone.push(letter.id());
                continue;
            }
            match self.handle(tx, letter, &mut out).await? {
                Fate::Applied => {
                    applied += 1;
                    gone.push(letter.id());
                }
                Fate::Failed(reason) => {
                    let again = DeadLetter {
                        reason: reason.clone(),
                        waits: false,
                        attempts: letter.attempts + 1,
                        ..letter.clone()
                    };
                    database.repark(tx, &again).await?;
                    stopped_at = Some((letter.id(), reason));
                    break;
                }
            }
        }
        database.unpark(tx, &gone).await?;
        let outcome = match (self.action, &stopped_at) {
            (_, Some((id, reason))) if *id == self.letter.id() => {
                let reason = reason.clone();
                stopped_at = None;
                Outcome::FailedAgain { reason }
            }
            (Action::Discard, _) => Outcome::Discarded,
            (Action::Retry, _) => Outcome::Applied,
        };
        let handled = Handled {
            letter: self.letter.id(),
            outcome,
            applied,
            left: total - gone.len() as u64,
            stopped_at,
        };
        let action = self.record(&handled, &out);
        database.write_action(tx, group, &action).await?;
        out.write(database, tx).await?;
        Ok(handled)
    }
}
