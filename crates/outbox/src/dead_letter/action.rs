//! What operators see of dead letters, and what they did with them.

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;
use uuid::Uuid;

use crate::dead_letter::DeadLetter;
use crate::error::StoreError;

/// Which dead letters to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Those of this topic only.
    pub topic: Option<String>,
    /// Those of this key only.
    pub key: Option<String>,
    /// At most so many lines.
    pub limit: usize,
}

impl Default for DeadLetterFilter {
    fn default() -> Self {
        Self {
            topic: None,
            key: None,
            limit: 100,
        }
    }
}

/// The first dead letter of a key, and how many wait behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterView {
    /// The dead letter.
    pub dead_letter: DeadLetter,
    /// How many later ones of its key wait behind it.
    pub waiting: u64,
}

/// One dead letter, and its place among those of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterDetail {
    /// The dead letter.
    pub dead_letter: DeadLetter,
    /// The id of the dead letter that has to be dealt with first.
    pub waits_for: Option<String>,
    /// The next ones behind it, at most a hundred.
    pub behind: Vec<DeadLetter>,
    /// How many there are behind it.
    pub waiting: u64,
}

/// What an operator can do with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Handle it again, and then those behind it.
    Retry,
    /// Give it up, and handle those behind it.
    Discard,
}

impl Action {
    /// Its name: `retry` or `discard`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
        }
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Retry, Self::Discard]
            .into_iter()
            .find(|action| action.name() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an operator did, as it is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterAction {
    /// Its identity; rises with time within one process.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub action: Action,
    /// With which dead letter: `group/topic/partition/offset`.
    pub dead_letter: String,
    /// The dead letter's topic.
    pub topic: String,
    /// The dead letter's key, if it has one.
    pub key: Option<String>,
    /// The dead letter's event id, if it has one that can be read.
    pub event_id: Option<String>,
    /// Why, in the operator's words.
    pub why: String,
    /// What came of it, in a sentence.
    pub outcome: String,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The dead letter that was asked for.
    pub dead_letter: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How many dead letters were handled and taken away, those behind it included.
    pub applied: u64,
    /// How many dead letters of its key are left.
    pub left: u64,
    /// Which of those behind it failed for good and now stands first, and why.
    pub stopped_at: Option<(String, String)>,
}

/// What became of the dead letter that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was handled and is gone.
    Applied,
    /// It was given up and is gone.
    Discarded,
    /// It failed for good again and stays.
    FailedAgain {
        /// The new reason.
        reason: String,
    },
}

impl Handled {
    /// A sentence for a part of a long line after the first one.
    pub(super) fn further(&self) -> String {
        struct Further<'a>(&'a Handled);
        impl fmt::Display for Further<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} more behind it applied", self.0.applied)?;
                self.0.end(f)
            }
        }
        Further(self).to_string()
    }

    fn end(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stopped_at {
            Some((id, reason)) => write!(
                f,
                "; {} stay dead letters, {id} failed: {reason}",
                self.left
            ),
            None if self.left > 0 => write!(f, "; {} more to follow", self.left),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::FailedAgain { reason } => return write!(f, "failed again: {reason}"),
            Outcome::Applied => write!(f, "applied")?,
            Outcome::Discarded => write!(f, "discarded")?,
        }
        let behind = self
            .applied
            .saturating_sub(u64::from(self.outcome == Outcome::Applied));
        if behind > 0 {
            write!(f, "; {behind} behind it applied")?;
        }
        self.end(f)
    }
}

/// Why the dead-letter admin refuses. Nothing was changed.
#[derive(Debug, Error)]
pub enum DeadLetterError {
    /// There is no such dead letter.
    #[error("there is no dead letter {asked} of {group}; `dead-letters list` shows them all")]
    Unknown {
        /// What was asked for.
        asked: String,
        /// The consumer group.
        group: String,
    },
    /// The key has dead letters in several places.
    #[error("the key {key} has dead letters in several partitions; choose one by its id: {}", ids.join(", "))]
    Several {
        /// What was asked for.
        key: String,
        /// The first dead letter of each.
        ids: Vec<String>,
    },
    /// An earlier dead letter of the key has to be dealt with first.
    #[error(
        "{id} waits behind {waits_for}: handling it first would break the order of its key. \
         Retry or discard {waits_for}; those behind it follow by themselves"
    )]
    Waits {
        /// What was asked for.
        id: String,
        /// The first dead letter of the key.
        waits_for: String,
    },
    /// No reason was given.
    #[error("give a reason: it is kept with the action")]
    NoReason,
    /// The database did not do it, or a handler met a fault that passes; try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}
