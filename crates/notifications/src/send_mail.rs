//! Sends a mail.

use std::sync::Arc;

use newtype_uuid::GenericUuid;
use outbox::mongo::MongoDatabase;
use outbox::{Clock, Job, JobContext, JobError, JobId, RunJob};
use replica::{ReplicaStore, Versioned};
use uuid::Uuid;

use crate::domain::{Mail, MailStatus, Recipient};
use crate::smtp::{InvalidSmtp, SmtpClient};
use crate::store::{self, Outcome};
use crate::templates::render;

/// Why mails of a deleted account are dropped.
pub(crate) const DELETED: &str = "the account is deleted";

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
pub(crate) struct SendMail {
    pub(crate) database: MongoDatabase,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shop_url: String,
    pub(crate) smtp: Result<Option<SmtpClient>, InvalidSmtp>,
}

impl RunJob<Mail> for SendMail {
    async fn run(&self, mail: &Mail, _context: &JobContext) -> Result<(), JobError> {
        let database = &self.database;
        match store::status(database, mail.id).await? {
            Some(MailStatus::Waiting) => {}
            Some(_) => return Ok(()),
            None => return Err(JobError::GiveUp(format!("there is no mail {}", mail.id))),
        }
        let outcome = self.outcome(mail).await?;
        Ok(store::conclude(database, mail.id, outcome, self.clock.now()).await?)
    }
}

impl SendMail {
    async fn outcome(&self, mail: &Mail) -> Result<Outcome, JobError> {
        let account = mail.account_id;
        // An order's event may come before its customer's.
        let known = self.database.by_id(account.into_untyped_uuid()).await?;
        let known: Versioned<Recipient> = known.ok_or_else(|| {
            JobError::Retry(format!("the account {account} is not known here yet"))
        })?;
        let Some(recipient) = known.state.email else {
            let reason = DELETED.to_owned();
            return Ok(Outcome::Dropped { reason });
        };
        let body = render(mail, &recipient, &self.shop_url);
        let body = body.map_err(|fault| JobError::GiveUp(fault.to_string()))?;
        match &self.smtp {
            Err(invalid) => Err(JobError::Retry(invalid.to_string())),
            Ok(None) => Ok(Outcome::Kept {
                recipient,
                subject: body.subject,
                text: body.text,
                html: body.html,
            }),
            Ok(Some(smtp)) => {
                let subject = body.subject.clone();
                smtp.send(mail, &recipient, body).await?;
                Ok(Outcome::Sent { recipient, subject })
            }
        }
    }
}
