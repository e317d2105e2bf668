//! What the service does with the events of others, one file per event.

mod on_account_update;
mod on_order_update;

use std::time::Duration;

use jiff::SignedDuration;
use outbox::{EventCollector, HandleError, MessageContext, Rows};
use uuid::Uuid;

use crate::domain::Mail;
use crate::send_mail::job_id;
use crate::store::{self, MailRecord};

pub use on_account_update::OnAccountUpdate;
pub use on_order_update::OnOrderUpdate;

/// Writes the rows of mails that have none yet, each with the job that sends it, and says how many these
/// are. What happened longer than `max_age` ago is news to nobody: its mail has a row and no job.
async fn write_mails<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    mails: &[(Mail, MessageContext)],
    max_age: Duration,
    out: &mut EventCollector<'_>,
) -> Result<usize, HandleError> {
    let ids: Vec<Uuid> = mails.iter().map(|(mail, _)| mail.id).collect();
    let mut known = store::known(database, tx, &ids).await?;
    let max_age = SignedDuration::try_from(max_age).unwrap_or(SignedDuration::MAX);
    let mut rows = Vec::new();
    for (mail, context) in mails {
        if !known.insert(mail.id) {
            continue;
        }
        let old = out.now().duration_since(mail.created_at) > max_age;
        let drop_because = old.then_some("it was too old when it was heard of");
        rows.push(MailRecord::new(mail, drop_because));
        if !old {
            out.schedule(job_id(mail.id), mail, out.now(), context.clone())?;
        }
    }
    database.insert(tx, &rows).await?;
    Ok(rows.len())
}
