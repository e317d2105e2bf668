//! Sends a webhook.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use outbox::{Clock, Job, JobContext, JobError, JobId, Rows, RunJob};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

use crate::settings::{InvalidSettings, Settings};
use crate::store::{self, WebhookRow};

/// How long the receiver may take: what Standard Webhooks recommend.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a webhook looks whether its successor was sent.
const SWAP_POLL: Duration = Duration::from_millis(200);

/// Sends the webhook of this id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SendWebhook {
    pub(crate) id: String,
}

impl Job for SendWebhook {
    const NAME: &'static str = "send-webhook";
}

/// The job that sends the webhook `id`.
pub(crate) fn job_id(id: &str) -> JobId {
    JobId::of(SendWebhook::NAME, &[&id])
}

/// Runs the job of a [`SendWebhook`].
///
/// - **Effect:** the receiver has answered the webhook with a status of success.
/// - **At least once:** a process that ends between the receiver's answer and the row sends it again,
///   with the same `webhook-id`.
pub(crate) struct WebhookSender<D> {
    database: D,
    clock: Arc<dyn Clock>,
    client: Client,
    url: Option<String>,
    signer: Result<Webhook, InvalidSettings>,
}

impl<D> WebhookSender<D> {
    /// A runner that sends to `url` as `settings` say; `demo` in a demo start.
    pub(crate) fn new(
        database: D,
        clock: Arc<dyn Clock>,
        url: Option<String>,
        settings: &Settings,
        demo: bool,
    ) -> Self {
        Self {
            database,
            clock,
            client: Client::new(),
            url,
            signer: settings.signer(demo),
        }
    }

    async fn send(&self, webhook: &WebhookRow) -> Result<(), JobError> {
        let Some(url) = &self.url else {
            return Err(JobError::Retry("no webhook address is set".to_owned()));
        };
        let signer = self.signer.as_ref();
        let signer = signer.map_err(|invalid| JobError::Retry(invalid.to_string()))?;
        let now = self.clock.now().as_second();
        let signature = signer.sign(&webhook.id, now, webhook.body.as_bytes());
        let signature = signature.map_err(|fault| JobError::GiveUp(fault.to_string()))?;
        let sent = self
            .client
            .post(url)
            .timeout(PATIENCE)
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, &webhook.id)
            .header(HEADER_WEBHOOK_TIMESTAMP, now)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .body(webhook.body.clone());
        let answer = sent.send().await;
        let answer =
            answer.map_err(|fault| JobError::Retry(format!("it was not sent: {fault}")))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let status = answer.status();
        Err(JobError::Retry(format!("the receiver answered {status}")))
    }
}

/// Whether `webhook` waits at `now` for the next one, if that is not delivered.
fn is_held_back(webhook: &WebhookRow, now: Timestamp) -> bool {
    webhook.swapped_until.is_some_and(|until| now < until)
}

impl<D: Rows> RunJob<SendWebhook> for WebhookSender<D> {
    async fn run(&self, job: &SendWebhook, _context: &JobContext) -> Result<(), JobError> {
        let database = &self.database;
        let Some(webhook) = store::webhook(database, &job.id).await? else {
            return Err(JobError::GiveUp(format!("there is no webhook {}", job.id)));
        };
        if webhook.delivered_at.is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        if is_held_back(&webhook, now) && !store::later_is_delivered(database, &webhook).await? {
            let reason = "it is sent after the next one".to_owned();
            return Err(JobError::RetryAfter(SWAP_POLL, reason));
        }
        for _ in 0..=u8::from(webhook.twice) {
            self.send(&webhook).await?;
        }
        Ok(store::delivered(database, &webhook.id, self.clock.now()).await?)
    }
}
