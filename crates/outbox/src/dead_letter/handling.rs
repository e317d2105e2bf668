//! A part of a line, handled in one transaction.

use super::action::{Action, DeadLetterAction, DeadLetterError, Handled, Outcome};
use super::store::{DeadLetterStore, Originals};
use crate::clock::Clock;
use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::handler::{HandleError, Subscriptions};
use crate::message::InvalidMessage;
use crate::outbox::EventCollector;
use crate::source::Record;
use crate::transaction::Work;

/// The most dead letters in one transaction: a server ends one that takes a minute.
const PART: usize = 100;

/// What a part is handled with.
pub(super) struct With<'a, D: DeadLetterStore> {
    pub(super) database: &'a D,
    pub(super) subscriptions: &'a Subscriptions<D>,
    pub(super) service: &'a str,
    pub(super) clock: &'a dyn Clock,
    pub(super) originals: &'a dyn Originals,
}

pub(super) struct Handling<'a, D: DeadLetterStore> {
    with: With<'a, D>,
    action: Action,
    dead_letter: &'a DeadLetter,
    who: &'a str,
    why: &'a str,
    /// The dead letter itself is dealt with; what is left is behind it.
    going_on: bool,
    /// Set when a dead letter has failed after a handler has begun with it: its id and why. The
    /// transaction is given up then, and the next attempt stops before that dead letter.
    failed: Option<(String, String)>,
    /// The most dead letters in the next attempt.
    part: usize,
    refused: Option<DeadLetterError>,
}

/// What one dead letter came to.
enum Attempt {
    Applied,
    Failed(String),
}

impl<'a, D: DeadLetterStore> Handling<'a, D> {
    pub(super) fn new(
        with: With<'a, D>,
        action: Action,
        dead_letter: &'a DeadLetter,
        who: &'a str,
        why: &'a str,
    ) -> Self {
        Self {
            with,
            action,
            dead_letter,
            who,
            why,
            going_on: false,
            failed: None,
            part: PART,
            refused: None,
        }
    }

    /// Handles what is behind the dead letter, which is gone.
    pub(super) fn go_on(&mut self) {
        self.going_on = true;
    }

    /// Why nothing was done.
    pub(super) fn refusal(self) -> Option<DeadLetterError> {
        self.refused
    }

    fn refuse(&mut self, why: DeadLetterError) -> StoreError {
        let text = why.to_string();
        self.refused = Some(why);
        StoreError::permanent(text)
    }

    /// Whether the line begins with the dead letter that was asked for.
    fn check(&mut self, line: &[DeadLetter]) -> Result<(), StoreError> {
        let id = self.dead_letter.id();
        match line.first().map(DeadLetter::id) {
            _ if self.going_on => Ok(()),
            Some(first) if first == id => Ok(()),
            Some(first) if line.iter().any(|dead_letter| dead_letter.id() == id) => {
                let waits_for = first;
                Err(self.refuse(DeadLetterError::Waits { id, waits_for }))
            }
            // It went since it was looked up, or waits far behind.
            Some(waits_for) if self.dead_letter.waits => {
                Err(self.refuse(DeadLetterError::Waits { id, waits_for }))
            }
            _ => {
                let group = self.with.subscriptions.group().to_owned();
                Err(self.refuse(DeadLetterError::Unknown { asked: id, group }))
            }
        }
    }

    async fn handle(
        &mut self,
        tx: &mut D::Tx,
        dead_letter: &DeadLetter,
        out: &mut EventCollector<'_>,
    ) -> Result<Attempt, StoreError> {
        if let Some((id, reason)) = &self.failed
            && *id == dead_letter.id()
        {
            return Ok(Attempt::Failed(reason.clone()));
        }
        let original;
        let record = match dead_letter.original_bytes {
            None => &dead_letter.record,
            Some(bytes) => match self.original(dead_letter, bytes).await? {
                Some(found) => {
                    original = found;
                    &original
                }
                None => return Ok(Attempt::Failed(gone(dead_letter, bytes))),
            },
        };
        if record.is_tombstone() {
            // One of an earlier release: nothing is in it.
            return Ok(Attempt::Applied);
        }
        if record.text_header("ce_type").is_none() {
            let reason = InvalidMessage::Header("ce_type").to_string();
            return Ok(Attempt::Failed(reason));
        }
        let Some(route) = self.with.subscriptions.route(record) else {
            // Nobody here asks for its type any more; the inbox would pass it over, too.
            return Ok(Attempt::Applied);
        };
        let event = match route.decode(record, None) {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(Attempt::Applied),
            Err(reason) => return Ok(Attempt::Failed(reason.to_string())),
        };
        match route.handle(tx, &[event], out).await {
            Ok(()) => Ok(Attempt::Applied),
            Err(HandleError::Retry(fault)) if !fault.is_refusal() => Err(fault),
            Err(HandleError::Retry(fault)) => Err(self.fail(dead_letter, fault.to_string())),
            Err(HandleError::DeadLetter(reason)) => Err(self.fail(dead_letter, reason)),
        }
    }

    /// The next attempt stops before `dead_letter`.
    fn fail(&mut self, dead_letter: &DeadLetter, reason: String) -> StoreError {
        self.failed = Some((dead_letter.id(), reason.clone()));
        StoreError::conflict(reason)
    }

    /// What follows from `done` together is refused: half of them are tried next, and one alone has
    /// failed.
    fn split(&mut self, done: &[DeadLetter], fault: StoreError) -> StoreError {
        match done {
            [] => fault,
            [alone] => self.fail(alone, fault.to_string()),
            several => {
                self.part = several.len() / 2;
                StoreError::conflict(fault.to_string())
            }
        }
    }

    /// The whole record of a dead letter that is kept by reference, if it still lies there.
    async fn original(
        &self,
        dead_letter: &DeadLetter,
        bytes: u64,
    ) -> Result<Option<Record>, StoreError> {
        let kept = &dead_letter.record;
        let found = self.with.originals.original(&kept.at, kept.offset).await?;
        let is_the_one = |found: &Record| {
            found.bytes() as u64 == bytes
                && (found.offset, &found.key) == (kept.offset, &kept.key)
                && found.payload.starts_with(&kept.payload)
        };
        Ok(found.filter(is_the_one))
    }

    fn record(&self, handled: &Handled, out: &EventCollector<'_>) -> DeadLetterAction {
        let record = &self.dead_letter.record;
        DeadLetterAction {
            id: self.with.clock.uuid(),
            at: out.now(),
            who: self.who.to_owned(),
            action: self.action,
            dead_letter: self.dead_letter.id(),
            topic: record.at.topic.clone(),
            key: record.key.clone(),
            event_id: record.text_header("ce_id").map(str::to_owned),
            why: self.why.to_owned(),
            outcome: if self.going_on {
                handled.further()
            } else {
                handled.to_string()
            },
        }
    }
}

fn gone(dead_letter: &DeadLetter, bytes: u64) -> String {
    format!(
        "it has {bytes} bytes, too many to be kept, and lies no longer in its topic, at offset {} of \
         {}: it can only be discarded",
        dead_letter.record.offset, dead_letter.record.at
    )
}

impl<D: DeadLetterStore> Work<D> for Handling<'_, D> {
    type Output = Handled;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Handled, StoreError> {
        let (database, subscriptions) = (self.with.database, self.with.subscriptions);
        let (service, clock) = (self.with.service, self.with.clock);
        self.refused = None;
        let (group, at) = (subscriptions.group(), &self.dead_letter.record.at);
        // First, so that an inbox at work on this partition conflicts with us from here on.
        database.fence(tx, group, at).await?;
        let (line, total) = database
            .line(tx, self.dead_letter, i64::MIN, self.part)
            .await?;
        self.check(&line)?;
        let mut out = EventCollector::new(service, clock);
        let (mut gone, mut applied, mut stopped_at) = (Vec::new(), 0, None);
        for dead_letter in &line {
            let is_asked_for = dead_letter.id() == self.dead_letter.id();
            if is_asked_for && self.action == Action::Discard {
                gone.push(dead_letter.id());
                continue;
            }
            match self.handle(tx, dead_letter, &mut out).await? {
                Attempt::Applied => {
                    applied += 1;
                    gone.push(dead_letter.id());
                }
                Attempt::Failed(reason) => {
                    let again = dead_letter.failed_again(&reason);
                    database.update_dead_letter(tx, &again).await?;
                    stopped_at = Some((dead_letter.id(), again.reason));
                    break;
                }
            }
        }
        database.remove_dead_letters(tx, &gone).await?;
        let outcome = match (self.action, &stopped_at) {
            (_, Some((id, reason))) if *id == self.dead_letter.id() => {
                let reason = reason.clone();
                stopped_at = None;
                Outcome::FailedAgain { reason }
            }
            (Action::Discard, _) => Outcome::Discarded,
            (Action::Retry, _) => Outcome::Applied,
        };
        let handled = Handled {
            dead_letter: self.dead_letter.id(),
            outcome,
            applied,
            left: total - gone.len() as u64,
            stopped_at,
        };
        let action = self.record(&handled, &out);
        database.write_action(tx, group, &action).await?;
        match out.write(database, tx).await {
            Err(fault) if fault.is_refusal() => Err(self.split(&line[..gone.len()], fault)),
            Err(fault) => Err(fault),
            Ok(_) => Ok(handled),
        }
    }
}
