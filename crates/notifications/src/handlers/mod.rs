//! What the service does with the events of others, one file per event.

mod on_account_update;
mod on_order_update;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{EventCollector, HandleError, MessageContext};
use uuid::Uuid;

use crate::domain::Mail;
use crate::send_mail::job_id;
use crate::store;

pub use on_account_update::OnAccountUpdate;
pub use on_order_update::OnOrderUpdate;

/// Writes the rows of mails that have none yet, each with the job that sends it, and says how many these
/// are. What happened longer than `max_age` ago is news to nobody: its mail has a row and no job.
async fn write_mails(
    database: &MongoDatabase,
    tx: &mut MongoTx,
    mails: &[(Mail, MessageContext)],
    max_age: Duration,
    out: &mut EventCollector<'_>,
) -> Result<usize, HandleError> {
    let ids: Vec<Uuid> = mails.iter().map(|(mail, _)| mail.id).collect();
    let mut known: BTreeSet<Uuid> = store::known(tx, &ids).await?.into_iter().collect();
    let max_age = SignedDuration::try_from(max_age).unwrap_or(SignedDuration::MAX);
    let mut rows = Vec::new();
    for (mail, context) in mails {
        if !known.insert(mail.id) {
            continue;
        }
        let old = out.now().duration_since(mail.created_at) > max_age;
        rows.push((mail, old.then_some("it was too old when it was heard of")));
        if !old {
            out.schedule(job_id(mail.id), mail, out.now(), context.clone())?;
        }
    }
    if !rows.is_empty() {
        store::insert(database, tx, &rows).await?;
    }
    Ok(rows.len())
}
