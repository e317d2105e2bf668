//! The service's collections: `mails`, a row is a mail and what has become of it; and the copies of
//! [`Recipient`]s.

pub mod memory;

use std::collections::BTreeSet;

use bson::doc;
use events::{AccountId, OrderId};
use jiff::Timestamp;
use outbox::rows::{as_time, as_uuid};
use outbox::{Collection, Index, Query, Row, Rows, StoreError, Work, transact};
use replica::Replica;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Mail, MailKind, MailStatus, Recipient};

/// Newest first.
const NEWEST: &[&str] = &["-created_at", "-_id"];

/// A document is a mail.
pub const MAILS: Collection = Collection::new(
    "mails",
    &[
        Index::on(NEWEST),
        Index::on(&["status", "-created_at", "-_id"]),
        Index::on(&["account"]),
    ],
);

impl Replica for Recipient {
    const OF: &'static str = "account";
    const COLLECTION: &'static str = "recipients";
}

/// A mail as it is kept. Its address and bodies are there for as long as somebody may read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// Its identity.
    #[serde(rename = "_id", with = "as_uuid")]
    pub id: Uuid,
    /// What it says.
    pub kind: MailKind,
    /// Whom it is for.
    #[serde(rename = "account", with = "as_uuid")]
    pub account_id: AccountId,
    /// The order that it is about.
    #[serde(
        rename = "order",
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_uuid::option"
    )]
    pub order_id: Option<OrderId>,
    /// When that happened which it tells.
    #[serde(with = "as_time")]
    pub created_at: Timestamp,
    /// What has become of it.
    pub status: MailStatus,
    /// Why it was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was sent or kept.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_time::option"
    )]
    pub sent_at: Option<Timestamp>,
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body as HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

impl Row for MailRecord {
    const COLLECTION: &'static Collection = &MAILS;
}

/// A mail's status alone.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct StatusOfMail {
    /// Its identity.
    #[serde(rename = "_id", with = "as_uuid")]
    pub id: Uuid,
    /// What has become of it.
    pub status: MailStatus,
}

impl Row for StatusOfMail {
    const COLLECTION: &'static Collection = &MAILS;
}

/// A mail's identity alone.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
struct IdOfMail {
    #[serde(rename = "_id", with = "as_uuid")]
    id: Uuid,
}

impl Row for IdOfMail {
    const COLLECTION: &'static Collection = &MAILS;
}

/// Asks for the statuses of all mails.
pub fn statuses() -> Query {
    Query::all().only(&["_id", "status"])
}

impl MailRecord {
    /// The record of a new mail; `drop_because` says why it is not even tried.
    pub fn new(mail: &Mail, drop_because: Option<&str>) -> Self {
        let mut record = Self {
            id: mail.id,
            kind: mail.kind,
            account_id: mail.account_id,
            order_id: mail.order.as_ref().map(|order| order.order_id),
            created_at: mail.created_at,
            status: MailStatus::Waiting,
            reason: None,
            sent_at: None,
            recipient: None,
            subject: None,
            text: None,
            html: None,
        };
        if let Some(reason) = drop_because {
            record.drop_because(reason);
        }
        record
    }

    /// It is not sent.
    pub fn drop_because(&mut self, reason: &str) {
        self.status = MailStatus::Dropped;
        self.reason = Some(reason.to_owned());
    }
}

/// Those of `ids` that have a record.
///
/// # Errors
/// A store error.
pub async fn known<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    ids: &[Uuid],
) -> Result<BTreeSet<Uuid>, StoreError> {
    let ids = ids.iter().copied().map(as_uuid::of);
    let query = Query::any_of("_id", ids).only(&["_id"]);
    let found: Vec<IdOfMail> = database.find(tx, query).await?;
    Ok(found.into_iter().map(|mail| mail.id).collect())
}

/// So many are erased in one transaction.
const ERASED_AT_ONCE: usize = 200;

/// Takes what is personal out of mails of `account`, some at a time, and drops those that wait. Comes back
/// with whether there were any.
///
/// # Errors
/// A store error.
pub async fn erase<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    account: AccountId,
    reason: &str,
) -> Result<bool, StoreError> {
    let personal = doc! {
        "account": as_uuid::of(account),
        "$or": [{ "status": MailStatus::Waiting.name() }, { "recipient": { "$exists": true } }],
    };
    let some = Query::from(personal).limit(ERASED_AT_ONCE);
    let mut mails: Vec<MailRecord> = database.find(tx, some).await?;
    for mail in &mut mails {
        if mail.status == MailStatus::Waiting {
            mail.drop_because(reason);
        }
        (mail.recipient, mail.text, mail.html) = (None, None, None);
    }
    database.replace(tx, &mails).await?;
    Ok(!mails.is_empty())
}

/// A deleted account, of which the copy has no address any more.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct DeletedAccount {
    /// The account.
    #[serde(rename = "_id", with = "as_uuid")]
    pub id: AccountId,
    /// The version that says so.
    pub version: u64,
}

impl Row for DeletedAccount {
    const COLLECTION: &'static Collection = &Collection::new(Recipient::COLLECTION, &[]);
}

/// Asks for all deleted accounts.
pub fn deleted_accounts() -> Query {
    Query::from(doc! { "email": { "$exists": false } }).only(&["_id", "version"])
}

/// A mail of `account` that still has its address.
///
/// # Errors
/// A store error.
pub async fn addressed<D: Rows>(
    database: &D,
    account: AccountId,
) -> Result<Option<Uuid>, StoreError> {
    let filter = doc! { "account": as_uuid::of(account), "recipient": { "$exists": true } };
    let query = Query::from(filter).only(&["_id"]).limit(1);
    let found: Vec<IdOfMail> = database.read(query).await?;
    Ok(found.first().map(|mail| mail.id))
}

/// What has become of the mail `id`, if there is one.
///
/// # Errors
/// A store error.
pub async fn status<D: Rows>(database: &D, id: Uuid) -> Result<Option<MailStatus>, StoreError> {
    let query = Query::from(doc! { "_id": as_uuid::of(id) }).only(&["_id", "status"]);
    let found: Vec<StatusOfMail> = database.read(query).await?;
    Ok(found.first().map(|mail| mail.status))
}

/// Changes the mail `id` by `outcome` if it waits; of any other nothing is changed.
///
/// # Errors
/// A store error.
pub async fn conclude<D: Rows>(
    database: &D,
    id: Uuid,
    outcome: impl Fn(&mut MailRecord) + Send + Sync,
) -> Result<(), StoreError> {
    let mut work = Conclude {
        database,
        id,
        outcome,
    };
    transact(database, &mut work).await
}

struct Conclude<'a, D, F> {
    database: &'a D,
    id: Uuid,
    outcome: F,
}

impl<D: Rows, F: Fn(&mut MailRecord) + Send + Sync> Work<D> for Conclude<'_, D, F> {
    type Output = ();

    async fn run(&mut self, tx: &mut D::Tx) -> Result<(), StoreError> {
        let found: Option<MailRecord> = self.database.get(tx, as_uuid::of(self.id)).await?;
        match found {
            Some(mut mail) if mail.status == MailStatus::Waiting => {
                (self.outcome)(&mut mail);
                self.database.replace(tx, &[mail]).await
            }
            _ => Ok(()),
        }
    }
}

/// At most `limit` mails, newest first, of `status` only if it is given, from behind `after` on.
///
/// # Errors
/// A store error.
pub async fn newest<D: Rows>(
    database: &D,
    status: Option<MailStatus>,
    after: Option<(Timestamp, Uuid)>,
    limit: usize,
) -> Result<Vec<MailRecord>, StoreError> {
    let filter = status.map(|status| doc! { "status": status.name() });
    let mut query = Query::from(filter.unwrap_or_default()).sorted_by(NEWEST);
    if let Some((at, id)) = after {
        let values = vec![as_time::of(at).into(), as_uuid::of(id).into()];
        query = query.after(NEWEST, values);
    }
    database.read(query.limit(limit)).await
}
