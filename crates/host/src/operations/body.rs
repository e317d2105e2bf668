//! What answers are made of.

use outbox::dead_letter::{
    DeadLetter, DeadLetterAction, DeadLetterDetail, DeadLetterView, Handled, Outcome,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{path_id, problems};
use service::http::Problem;

/// How much of a value is shown, in bytes.
const MOST_SHOWN: usize = 64 * 1024;
/// The longest reason, in characters.
const MOST_REASON: usize = 500;

/// A dead letter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(super) struct DeadLetterBody {
    /// Its id: where it lies, `TOPIC:PARTITION:OFFSET`.
    #[schema(example = "products.product.v1:2:117")]
    id: String,
    /// The topic that it was read from.
    topic: String,
    /// The partition there.
    partition: i32,
    /// Its offset there.
    offset: i64,
    /// Its key; messages of one key are applied in their order.
    key: Option<String>,
    /// The event's type, when it can be read.
    event: Option<String>,
    /// The event's id, when it can be read.
    event_id: Option<String>,
    /// Why it could not be applied.
    reason: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    parked_at: String,
    /// How often it was tried, at first and by operators.
    attempts: u32,
    /// How many later messages of its key wait behind it.
    waiting: u64,
    /// The size in bytes of a message that is too large to be kept: only its beginning is shown here,
    /// and a retry reads it where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_bytes: Option<u64>,
}

impl DeadLetterBody {
    pub(super) fn new(letter: &DeadLetter, waiting: u64) -> Self {
        let record = &letter.record;
        Self {
            id: path_id::of(letter),
            topic: record.at.topic.clone(),
            partition: record.at.partition,
            offset: record.offset,
            key: record.key.clone(),
            event: header(letter, "ce_type"),
            event_id: header(letter, "ce_id"),
            reason: letter.reason.clone(),
            parked_at: letter.dead_lettered_at.to_string(),
            attempts: letter.attempts,
            waiting,
            original_bytes: letter.original_bytes,
        }
    }
}

impl From<&DeadLetterView> for DeadLetterBody {
    fn from(view: &DeadLetterView) -> Self {
        Self::new(&view.dead_letter, view.waiting)
    }
}

/// A dead letter in full.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterDetail)]
pub(super) struct DetailBody {
    #[serde(flatten)]
    letter: DeadLetterBody,
    /// The earlier dead letter of its key that it waits behind.
    waits_for: Option<String>,
    /// Its headers; what is no text is shown as far as it can be read.
    headers: Vec<HeaderBody>,
    /// Its value as text, at most the first 64 KiB.
    payload: String,
    /// The size in bytes of what is kept of the value.
    payload_bytes: usize,
    /// Those that wait behind it, the first hundred.
    behind: Vec<DeadLetterBody>,
}

/// A header of a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterHeader)]
struct HeaderBody {
    /// Its name.
    #[schema(example = "ce_type")]
    name: String,
    /// Its value.
    value: String,
}

impl From<&DeadLetterDetail> for DetailBody {
    fn from(detail: &DeadLetterDetail) -> Self {
        let record = &detail.dead_letter.record;
        let shown = record.payload.get(..MOST_SHOWN).unwrap_or(&record.payload);
        let headers = record.headers.iter().map(|(name, value)| HeaderBody {
            name: name.clone(),
            value: String::from_utf8_lossy(value).into_owned(),
        });
        Self {
            letter: DeadLetterBody::new(&detail.dead_letter, detail.waiting),
            waits_for: detail.waits_for.as_deref().map(path_id::from_id),
            headers: headers.collect(),
            payload: String::from_utf8_lossy(shown).into_owned(),
            payload_bytes: record.payload.len(),
            behind: detail
                .behind
                .iter()
                .map(|letter| DeadLetterBody::new(letter, 0))
                .collect(),
        }
    }
}

/// Why something is done.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActionReason)]
pub(super) struct ReasonBody {
    /// The reason, at most 500 characters; it is kept with who did it and when.
    #[schema(example = "the order was entered by hand")]
    reason: String,
}

impl ReasonBody {
    /// The reason without the white space around it.
    ///
    /// # Errors
    /// `reason-required` when it is too long.
    pub(super) fn checked(&self) -> Result<&str, Problem> {
        let reason = self.reason.trim();
        if reason.chars().count() > MOST_REASON {
            return Err(problems::reason_required());
        }
        Ok(reason)
    }

    /// The same for what is tried again, which needs no reason of its own.
    ///
    /// # Errors
    /// `reason-required` when it is too long.
    pub(super) fn checked_or_default(&self) -> Result<&str, Problem> {
        Ok(match self.checked()? {
            "" => "tried again",
            why => why,
        })
    }
}

/// What came of dealing with a dead letter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterOutcome)]
pub(super) struct OutcomeBody {
    /// `applied`, `discarded`, or `failed-again`: then it is still there.
    #[schema(example = "applied")]
    outcome: &'static str,
    /// Why it failed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// How many messages were applied, those behind it included.
    applied: u64,
    /// How many dead letters of its key are left.
    left: u64,
    /// Which of those behind it could not be applied, and so is the first of its key now.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
}

impl From<Handled> for OutcomeBody {
    fn from(handled: Handled) -> Self {
        let (outcome, reason) = match handled.outcome {
            Outcome::Applied => ("applied", None),
            Outcome::Discarded => ("discarded", None),
            Outcome::FailedAgain { reason, .. } => ("failed-again", Some(reason)),
        };
        Self {
            outcome,
            reason,
            applied: handled.applied,
            left: handled.left,
            stopped_at: handled.stopped_at.map(|(id, _)| path_id::from_id(&id)),
        }
    }
}

/// Something that was done to a dead letter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterAction)]
pub(super) struct ActionBody {
    /// Its id.
    id: String,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// Who did it.
    #[schema(example = "admin@admin.com")]
    who: String,
    /// `retry` or `discard`.
    #[schema(example = "retry")]
    action: String,
    /// The message's id.
    letter: String,
    /// Its key.
    key: Option<String>,
    /// Why, as whoever did it says.
    why: String,
    /// What came of it.
    outcome: String,
}

impl From<&DeadLetterAction> for ActionBody {
    fn from(done: &DeadLetterAction) -> Self {
        Self {
            id: done.id.to_string(),
            at: done.at.to_string(),
            who: done.who.clone(),
            action: done.action.name().to_owned(),
            letter: path_id::from_id(&done.dead_letter),
            key: done.key.clone(),
            why: done.why.clone(),
            outcome: done.outcome.clone(),
        }
    }
}

fn header(letter: &DeadLetter, name: &str) -> Option<String> {
    let mut headers = letter.record.headers.iter();
    let (_, value) = headers.find(|(known, _)| known == name)?;
    String::from_utf8(value.clone()).ok()
}
