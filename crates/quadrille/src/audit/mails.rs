//! Mails: what the topics ask for, and what has become of it.

use std::collections::HashMap;

use futures::TryStreamExt;
use notifications::EraseMails;
use notifications::domain::{Mail, MailStatus};
use notifications::store::{DeletedAccount, StatusOfMail, addressed, deleted_accounts, statuses};
use outbox::JobStore;
use outbox::mongo::MongoDatabase;
use uuid::Uuid;

use super::findings::{Check, Findings};
use super::rules::Scope;

/// What is known of mails.
#[derive(Default)]
pub(super) struct Mails {
    kept: HashMap<Uuid, MailStatus>,
    /// Mails that events ask for and that are not kept, each with the event.
    missing: HashMap<Uuid, String>,
    asked: u64,
}

impl Mails {
    /// Takes note of the mails in `notifications`. Comes before the topics.
    pub(super) async fn read(&mut self, notifications: &MongoDatabase) -> anyhow::Result<()> {
        let all = notifications.stream::<StatusOfMail>(statuses()).await?;
        let all = all.map_ok(|mail| (mail.id, mail.status));
        self.kept = all.try_collect().await?;
        Ok(())
    }

    /// Takes note of an event that asks for `mail`, if it asks for one.
    pub(super) fn ask(&mut self, mail: Option<&Mail>) {
        let Some(mail) = mail else { return };
        self.asked += 1;
        if !self.kept.contains_key(&mail.id) {
            let order = mail.order.as_ref().map(|order| order.order_id.to_string());
            let about = order.map_or_else(
                || format!("account {}", mail.account_id),
                |order| format!("order {order}"),
            );
            let finding = format!("{about} has no mail {}", mail.kind.name());
            self.missing.insert(mail.id, finding);
        }
    }

    /// Holds the mails against the rules.
    pub(super) async fn judge(
        self,
        scope: Scope,
        notifications: &MongoDatabase,
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        let mut written = Check::new(
            "mails-written",
            "events",
            "each that asks for a mail has its row",
        );
        written.looked_at = self.asked;
        for finding in self.missing.into_values() {
            written.off(|| finding);
        }
        findings.add(match scope {
            Scope::Whole => written,
            Scope::Databases => written.skipped(),
        });
        let mut scheduled = Check::new("mails-scheduled", "mails", "each that waits has a job");
        for (id, status) in self.kept {
            scheduled.looked_at += 1;
            if status != MailStatus::Waiting {
                continue;
            }
            let job = notifications.job(&notifications::job_id(id)).await?;
            let has_job = job.is_some_and(|job| !job.state.has_ended());
            // It may have been sent since it was read.
            let waits = || notifications::store::status(notifications, id);
            if !has_job && waits().await? == Some(MailStatus::Waiting) {
                scheduled.off(|| format!("the mail {id} waits, but no job sends it"));
            }
        }
        findings.add(scheduled);
        findings.add(erased(notifications).await?);
        Ok(())
    }
}

/// Whether nothing personal is left of accounts that are deleted.
async fn erased(notifications: &MongoDatabase) -> anyhow::Result<Check> {
    let mut erased = Check::new(
        "mails-erased",
        "deleted accounts",
        "none has a mail with an address",
    );
    let mut deleted = notifications
        .stream::<DeletedAccount>(deleted_accounts())
        .await?;
    while let Some(account) = deleted.try_next().await? {
        erased.looked_at += 1;
        let job = EraseMails::id(account.id, account.version);
        let job = notifications.job(&job).await?;
        // Before the mail: what the job has done meanwhile is seen then.
        let is_erasing = job.is_some_and(|job| !job.state.has_ended());
        if let Some(mail) = addressed(notifications, account.id).await?
            && !is_erasing
        {
            erased.off(|| {
                format!(
                    "account {} is deleted; its mail {mail} has the address",
                    account.id
                )
            });
        }
    }
    Ok(erased)
}
