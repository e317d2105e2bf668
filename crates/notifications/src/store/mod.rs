//! The service's collections: `mails`, a document is a mail and what has become of it; and the copies of
//! [`Recipient`]s.

use bson::{DateTime, Document, doc};
use events::{AccountId, OrderId};
use futures::{Stream, TryStreamExt};
use jiff::Timestamp;
use mongodb::IndexModel;
use newtype_uuid::GenericUuid;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout, documents};
use replica::Replica;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Mail, MailKind, MailStatus, Recipient};

const MAILS: &str = "mails";

impl Replica for Recipient {
    const OF: &'static str = "account";
    const COLLECTION: &'static str = "recipients";
}

/// A mail as it is kept. Its address and bodies are there for as long as somebody may read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRecord {
    /// Its identity.
    pub id: Uuid,
    /// What it says.
    pub kind: MailKind,
    /// Whom it is for.
    pub account_id: AccountId,
    /// The order that it is about.
    pub order_id: Option<OrderId>,
    /// When that happened which it tells.
    pub created_at: Timestamp,
    /// What has become of it.
    pub status: MailStatus,
    /// Why it was dropped.
    pub reason: Option<String>,
    /// When it was sent or kept.
    pub sent_at: Option<Timestamp>,
    /// The address.
    pub recipient: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The body as text.
    pub text: Option<String>,
    /// The body as HTML.
    pub html: Option<String>,
}

/// What becomes of a mail that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server has it.
    Sent {
        /// The address.
        recipient: String,
        /// The subject.
        subject: String,
    },
    /// It stays here, to be read.
    Kept {
        /// The address.
        recipient: String,
        /// The subject.
        subject: String,
        /// The body as text.
        text: String,
        /// The body as HTML.
        html: String,
    },
    /// It is not sent.
    Dropped {
        /// Why.
        reason: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct MailDocument {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    kind: MailKind,
    account: bson::Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<bson::Uuid>,
    created_at: DateTime,
    status: MailStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent_at: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    html: Option<String>,
}

impl MailDocument {
    /// `dropped` says why a mail is not even tried.
    fn new(mail: &Mail, dropped: Option<&str>) -> Self {
        let status = match dropped {
            None => MailStatus::Waiting,
            Some(_) => MailStatus::Dropped,
        };
        let order = mail.order.as_ref();
        Self {
            id: key(mail.id),
            kind: mail.kind,
            account: key(mail.account_id),
            order: order.map(|order| key(order.order_id)),
            created_at: date(mail.created_at),
            status,
            reason: dropped.map(str::to_owned),
            sent_at: None,
            recipient: None,
            subject: None,
            text: None,
            html: None,
        }
    }

    fn into_record(self) -> Result<MailRecord, StoreError> {
        Ok(MailRecord {
            id: uuid(self.id),
            kind: self.kind,
            account_id: GenericUuid::from_untyped_uuid(uuid(self.account)),
            order_id: self
                .order
                .map(|id| GenericUuid::from_untyped_uuid(uuid(id))),
            created_at: time(self.created_at)?,
            status: self.status,
            reason: self.reason,
            sent_at: self.sent_at.map(time).transpose()?,
            recipient: self.recipient,
            subject: self.subject,
            text: self.text,
            html: self.html,
        })
    }
}

/// Makes the service's own collections and indexes. Doing it again changes nothing.
///
/// # Errors
/// When MongoDB is out of reach, or refuses.
pub async fn prepare(database: MongoDatabase) -> Result<(), StoreError> {
    database.create_collection(MAILS).await?;
    let indexes = [
        doc! { "created_at": -1, "_id": -1 },
        doc! { "status": 1, "created_at": -1, "_id": -1 },
        doc! { "account": 1 },
    ];
    let indexes = indexes.map(|keys| IndexModel::builder().keys(keys).build());
    let mails = mails(&database);
    let made = mails.create_indexes(indexes).with_long_timeout();
    made.await.map(drop)
}

/// Those of `ids` that have a row.
///
/// # Errors
/// A store error.
pub async fn known(tx: &mut MongoTx, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let keys: Vec<_> = ids.iter().copied().map(key).collect();
    ids_of(tx, doc! { "_id": { "$in": keys } }).await
}

/// Writes rows of new mails, each with why it is dropped at once.
///
/// # Errors
/// A conflict when there is one of the same id by now.
pub async fn insert(
    database: &MongoDatabase,
    tx: &mut MongoTx,
    new: &[(&Mail, Option<&str>)],
) -> Result<(), StoreError> {
    let rows = new
        .iter()
        .map(|(mail, dropped)| MailDocument::new(mail, *dropped));
    mails(database)
        .insert_many(rows)
        .session(&mut tx.session)
        .with_timeout()
        .await
        .map(drop)
}

/// Takes what is personal out of the mails of `accounts` and drops those that wait. Comes back with
/// the latter.
///
/// # Errors
/// A store error.
pub async fn erase(
    tx: &mut MongoTx,
    accounts: &[AccountId],
    reason: &str,
) -> Result<Vec<Uuid>, StoreError> {
    let accounts: Vec<_> = accounts.iter().copied().map(key).collect();
    let waiting =
        doc! { "account": { "$in": accounts.clone() }, "status": MailStatus::Waiting.name() };
    let dropped = ids_of(tx, waiting.clone()).await?;
    let drop = doc! { "$set": { "status": MailStatus::Dropped.name(), "reason": reason } };
    let personal = doc! { "recipient": "", "text": "", "html": "" };
    let statements = vec![
        doc! { "q": waiting, "u": drop, "multi": true },
        doc! {
            "q": { "account": { "$in": accounts }, "recipient": { "$exists": true } },
            "u": { "$unset": personal }, "multi": true,
        },
    ];
    tx.update(MAILS, statements).await?;
    Ok(dropped)
}

/// What has become of the mail `id`, if there is one.
///
/// # Errors
/// A store error.
pub async fn status(database: &MongoDatabase, id: Uuid) -> Result<Option<MailStatus>, StoreError> {
    let mails = mails(database);
    let one = mails.find_one(doc! { "_id": key(id) });
    Ok(one.with_timeout().await?.map(|mail| mail.status))
}

/// Writes down at `now` what has become of a mail that waits; of any other nothing is changed.
///
/// # Errors
/// A store error.
pub async fn conclude(
    database: &MongoDatabase,
    id: Uuid,
    outcome: Outcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let set = match outcome {
        Outcome::Sent { recipient, subject } => doc! {
            "status": MailStatus::Sent.name(), "sent_at": date(now),
            "recipient": recipient, "subject": subject,
        },
        Outcome::Kept {
            recipient,
            subject,
            text,
            html,
        } => doc! {
            "status": MailStatus::Kept.name(), "sent_at": date(now),
            "recipient": recipient, "subject": subject, "text": text, "html": html,
        },
        Outcome::Dropped { reason } => doc! {
            "status": MailStatus::Dropped.name(), "reason": reason,
        },
    };
    let waiting = doc! { "_id": key(id), "status": MailStatus::Waiting.name() };
    let mails = mails(database);
    let updated = mails.update_one(waiting, doc! { "$set": set });
    updated.with_timeout().await.map(drop)
}

/// At most `limit` mails, newest first, of `status` only if it is given, from behind `after` on.
///
/// # Errors
/// A store error.
pub async fn newest(
    database: &MongoDatabase,
    status: Option<MailStatus>,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<MailRecord>, StoreError> {
    let mut filter = Document::new();
    if let Some(status) = status {
        filter.insert("status", status.name());
    }
    if let Some((at, id)) = after {
        let at = date(at);
        let behind = [
            doc! { "created_at": { "$lt": at } },
            doc! { "created_at": at, "_id": { "$lt": key(id) } },
        ];
        filter.insert("$or", behind.to_vec());
    }
    let found = mails(database)
        .find(filter)
        .sort(doc! { "created_at": -1, "_id": -1 })
        .limit(limit)
        .with_timeout()
        .await?;
    let found: Vec<MailDocument> = found.try_collect().with_timeout().await?;
    found.into_iter().map(MailDocument::into_record).collect()
}

#[derive(Deserialize)]
struct Audited {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    status: MailStatus,
}

/// Every mail's id and status, for the operator's tools.
///
/// # Errors
/// A store error.
pub async fn audited(
    database: &MongoDatabase,
) -> Result<impl Stream<Item = Result<(Uuid, MailStatus), StoreError>> + Send + use<>, StoreError> {
    let fields = doc! { "_id": 1, "status": 1 };
    let mails = mails(database).clone_with_type::<Audited>();
    let found = mails.find(doc! {}).projection(fields);
    let read = |mail: Audited| (uuid(mail.id), mail.status);
    Ok(documents(found.with_long_timeout().await?).map_ok(read))
}

#[derive(Deserialize)]
struct Id {
    #[serde(rename = "_id")]
    id: bson::Uuid,
}

async fn ids_of(tx: &mut MongoTx, filter: Document) -> Result<Vec<Uuid>, StoreError> {
    let found: Vec<Id> = tx.find(MAILS, filter, Some(doc! { "_id": 1 })).await?;
    Ok(found.into_iter().map(|found| uuid(found.id)).collect())
}

fn mails(database: &MongoDatabase) -> mongodb::Collection<MailDocument> {
    database.database().collection(MAILS)
}

fn key(id: impl GenericUuid) -> bson::Uuid {
    bson::Uuid::from_bytes(id.into_untyped_uuid().into_bytes())
}

fn uuid(key: bson::Uuid) -> Uuid {
    Uuid::from_bytes(key.bytes())
}

fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

fn time(date: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(StoreError::permanent)
}
