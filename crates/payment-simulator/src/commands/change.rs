//! What every change of an intent writes.

use events::Money;
use outbox::{Clock, EventCollector, MessageContext, OutboxStore, Rows, StoreError};

use crate::body::WebhookBody;
use crate::domain::{Intent, Refund};
use crate::faults::Faults;
use crate::name::NAME;
use crate::send_webhook::{SendWebhook, job_id};
use crate::store::{EntryKind, EntryRow, IntentRow, WebhookRow};

/// What a change is made with.
#[derive(Clone, Copy)]
pub struct Tools<'a, D> {
    /// Where it is written.
    pub database: &'a D,
    /// Where times and ids come from.
    pub clock: &'a dyn Clock,
    /// What may go wrong.
    pub faults: &'a Faults,
    /// Whether anyone is told.
    pub webhooks: bool,
}

/// What came of a change.
#[derive(Debug)]
pub struct Changed {
    /// The intent since then.
    pub intent: Intent,
    /// Whether anything was changed; else it stood there already.
    pub made: bool,
    /// The refund that was made.
    pub refund: Option<Refund>,
    /// The webhook that tells it.
    pub webhook: Option<String>,
}

impl Changed {
    /// `intent` stands where it was to be brought.
    pub(super) fn nothing(intent: Intent) -> Self {
        Self {
            intent,
            made: false,
            refund: None,
            webhook: None,
        }
    }

    /// The name by which faults know this change.
    pub fn name(&self, key: &str) -> String {
        format!("{key}:{}", self.intent.version)
    }
}

impl<D: Rows + OutboxStore> Tools<'_, D> {
    /// A new id that says what it is of.
    pub(super) fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.clock.uuid().simple())
    }

    /// Writes money that moved.
    pub(super) async fn book(
        &self,
        tx: &mut D::Tx,
        kind: EntryKind,
        intent: &Intent,
        minor: i64,
    ) -> Result<(), StoreError> {
        let Money { currency, .. } = intent.amount;
        let entry = EntryRow {
            id: self.id("be"),
            kind,
            intent: intent.id.clone(),
            reference: intent.reference.clone(),
            amount: minor,
            currency,
            at: self.clock.now(),
        };
        self.database.insert(tx, &[entry]).await
    }

    /// Writes the webhook that tells how `row` is since its change, and the job that sends it.
    pub(super) async fn tell(
        &self,
        tx: &mut D::Tx,
        row: &IntentRow,
        context: &MessageContext,
    ) -> Result<Option<String>, StoreError> {
        if !self.webhooks {
            return Ok(None);
        }
        let mut out = EventCollector::new(NAME, self.clock);
        let (now, faults) = (out.now(), self.faults);
        let what = format!("{}:{}", row.key, row.intent.version);
        let body = WebhookBody::of(&row.intent, now);
        let swapped = faults.strikes(faults.webhook_swap_rate, "webhook-swap", &what);
        let late = faults.strikes(faults.webhook_late_rate, "webhook-late", &what);
        let twice = faults.strikes(faults.webhook_twice_rate, "webhook-twice", &what);
        let webhook = WebhookRow {
            id: self.id("evt"),
            intent: row.id.clone(),
            version: row.intent.version,
            body: serde_json::to_string(&body).map_err(StoreError::permanent)?,
            twice: twice || row.told_twice,
            swapped_until: swapped.then_some(now + faults.late_time),
            delivered_at: None,
        };
        let due = if late { now + faults.late_time } else { now };
        let job = SendWebhook {
            id: webhook.id.clone(),
        };
        out.schedule(job_id(&webhook.id), &job, due, context.clone())
            .map_err(StoreError::permanent)?;
        self.database
            .insert(tx, std::slice::from_ref(&webhook))
            .await?;
        out.write(self.database, tx).await?;
        Ok(Some(webhook.id))
    }
}
