//! Sends a mail.

use std::sync::Arc;

use jiff::Timestamp;
use newtype_uuid::GenericUuid;
use outbox::{Clock, Job, JobContext, JobError, JobId, Rows, RunJob};
use replica::{ReplicaStore, Versioned};
use uuid::Uuid;

use crate::Settings;
use crate::domain::{Mail, MailStatus, Recipient};
use crate::erase_mails::DELETED;
use crate::smtp::{InvalidSmtp, SmtpClient};
use crate::store::{self, MailRecord};
use crate::templates::{Rendered, render};

impl Job for Mail {
    const NAME: &'static str = "send-mail";
}

/// The job that sends the mail `id`.
pub fn job_id(id: Uuid) -> JobId {
    JobId::of(Mail::NAME, &[&id])
}

/// Runs the job of a [`Mail`].
///
/// - **Effect:** the mail server has the mail, or without one it is kept in its row.
/// - **At least once:** a process that ends between the mail server's answer and the row sends the mail
///   again, with the same `Message-ID`.
pub struct SendMail<D> {
    database: D,
    clock: Arc<dyn Clock>,
    shop_url: String,
    smtp: Result<Option<SmtpClient>, InvalidSmtp>,
}

impl<D> SendMail<D> {
    /// A runner that sends as `settings` say.
    pub fn new(database: D, clock: Arc<dyn Clock>, settings: &Settings) -> Self {
        Self {
            database,
            clock,
            shop_url: settings.shop_url.clone(),
            smtp: SmtpClient::new(settings),
        }
    }
}

/// What becomes of a mail that waits.
enum Outcome {
    /// The mail server has it, or without one it stays here to be read.
    Done {
        recipient: String,
        body: Rendered,
        sent: bool,
    },
    /// It is not sent.
    Dropped,
}

impl Outcome {
    /// Of a mail that is sent, its bodies are not kept.
    fn write(&self, record: &mut MailRecord, now: Timestamp) {
        let Self::Done {
            recipient,
            body,
            sent,
        } = self
        else {
            record.drop_because(DELETED);
            return;
        };
        record.sent_at = Some(now);
        record.recipient = Some(recipient.clone());
        record.subject = Some(body.subject.clone());
        if *sent {
            record.status = MailStatus::Sent;
        } else {
            record.status = MailStatus::Kept;
            (record.text, record.html) = (Some(body.text.clone()), Some(body.html.clone()));
        }
    }
}

impl<D: Rows + ReplicaStore<Recipient>> RunJob<Mail> for SendMail<D> {
    async fn run(&self, mail: &Mail, _context: &JobContext) -> Result<(), JobError> {
        let database = &self.database;
        match store::status(database, mail.id).await? {
            Some(MailStatus::Waiting) => {}
            Some(_) => return Ok(()),
            None => return Err(JobError::GiveUp(format!("there is no mail {}", mail.id))),
        }
        let outcome = self.outcome(mail).await?;
        let now = self.clock.now();
        let concluded = store::conclude(database, mail.id, |record| outcome.write(record, now));
        Ok(concluded.await?)
    }
}

impl<D: ReplicaStore<Recipient>> SendMail<D> {
    async fn outcome(&self, mail: &Mail) -> Result<Outcome, JobError> {
        let account = mail.account_id;
        // An order's event may come before its customer's.
        let known = self.database.by_id(account.into_untyped_uuid()).await?;
        let known: Versioned<Recipient> = known.ok_or_else(|| {
            JobError::Retry(format!("the account {account} is not known here yet"))
        })?;
        let Some(recipient) = known.state.email else {
            return Ok(Outcome::Dropped);
        };
        let body = render(mail, &recipient, &self.shop_url);
        let body = body.map_err(|fault| JobError::GiveUp(fault.to_string()))?;
        let smtp = self.smtp.as_ref();
        let smtp = smtp.map_err(|invalid| JobError::Retry(invalid.to_string()))?;
        if let Some(smtp) = smtp {
            smtp.send(mail, &recipient, body.clone()).await?;
        }
        Ok(Outcome::Done {
            recipient,
            body,
            sent: smtp.is_some(),
        })
    }
}
