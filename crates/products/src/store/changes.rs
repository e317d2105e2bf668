//! Which products changed, recorded by the transactions that changed them.
//!
//! A transaction that changes products puts their ids in front of those in one document of
//! `product_changes`, its session's log, and raises the log's count by as many. Whoever remembers a
//! count knows by the next one which ids it has not seen, all of them and in no more than one
//! small query. A log keeps only the latest: whoever has fallen behind further reads all
//! products anew.
//!
//! | field | is |
//! |---|---|
//! | `_id` | the session: no two transactions at a time have one, so none meet on a log |
//! | `life` | drawn when the document was made: another one has another count |
//! | `count` | how many ids were ever put in |
//! | `ids` | the latest ids, the newest first, 22 signs of base64 each |
//! | `at` | when it was written; an hour later it goes, and its session has gone before |

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bson::{Bson, Document, doc};
use events::ProductId;
use futures::{Stream, StreamExt, TryStreamExt};
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout, documents};
use serde::Deserialize;

use super::Listed;
use super::documents::{PRODUCT_CHANGES, PRODUCTS, StoredProduct, product_key};

/// How many ids of the latest changes a log keeps at least, and at most.
const KEPT: (usize, usize) = (256, 4_096);
/// For how many transactions as large as the last one a log keeps their ids, within [`KEPT`].
const TRANSACTIONS_KEPT: usize = 8;

/// How many signs an id has.
const SIGNS: usize = 22;
/// How many ids are read at once with the counts: mostly enough.
const AT_HAND: usize = 64;

/// How far a reader has come in each log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks(BTreeMap<[u8; 16], Mark>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    life: bson::Uuid,
    count: i64,
}

#[derive(Debug, Deserialize)]
struct SessionLog {
    #[serde(rename = "_id")]
    session: bson::Uuid,
    life: bson::Uuid,
    count: i64,
    ids: String,
}

/// What happened since a reader's marks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// These products changed; from here on the reader has these marks.
    Changed(BTreeSet<ProductId>, Marks),
    /// More than is kept, or the tables are others: everything has to be read anew.
    TooMuch,
}

/// Records in its own transaction that `products` changed.
pub(super) async fn record(
    tx: &mut MongoTx,
    products: impl Iterator<Item = ProductId>,
) -> Result<(), StoreError> {
    let (mut ids, mut count) = (String::new(), 0_usize);
    for id in products {
        URL_SAFE_NO_PAD.encode_string(id.into_bytes(), &mut ids);
        count += 1;
    }
    if count == 0 {
        return Ok(());
    }
    let kept = (count * TRANSACTIONS_KEPT).clamp(KEPT.0, KEPT.1).max(count) * SIGNS;
    let kept = i64::try_from(kept).map_err(StoreError::permanent)?;
    let more = i64::try_from(count).map_err(StoreError::permanent)?;
    let all = doc! { "$concat": [{ "$literal": ids }, { "$ifNull": ["$ids", ""] }] };
    let statement = doc! {
        "q": { "_id": log(tx) },
        "u": [{ "$set": {
            "life": { "$ifNull": ["$life", bson::Uuid::new()] },
            "count": { "$add": [{ "$ifNull": ["$count", 0_i64] }, more] },
            "ids": { "$substrBytes": [all, 0_i64, kept] },
            "at": "$$NOW",
        } }],
        "upsert": true,
    };
    tx.update(PRODUCT_CHANGES, vec![statement]).await.map(drop)
}

/// The log of this transaction's session.
fn log(tx: &MongoTx) -> Bson {
    tx.session.id().get("id").cloned().unwrap_or_default()
}

/// Reads what changed.
#[derive(Clone)]
pub(crate) struct ProductChanges {
    pub(crate) database: MongoDatabase,
}

impl ProductChanges {
    /// How far the logs are now.
    pub(crate) async fn marks(&self) -> Result<Marks, StoreError> {
        let logs = self.logs(0).await?;
        Ok(Marks(logs.iter().map(SessionLog::mark).collect()))
    }

    /// What was committed since `marks`: all that was when this was called, and maybe more.
    pub(crate) async fn since(&self, marks: &Marks) -> Result<Since, StoreError> {
        let logs = self.logs(AT_HAND).await?;
        if let Some(since) = marks.compare(&logs)? {
            return Ok(since);
        }
        let logs = self.logs(KEPT.1.saturating_mul(4)).await?;
        Ok(marks.compare(&logs)?.unwrap_or(Since::TooMuch))
    }

    /// Those of `ids` that there are, as they are now.
    pub(crate) async fn products(
        &self,
        ids: &BTreeSet<ProductId>,
    ) -> Result<Vec<Listed>, StoreError> {
        let keys: Vec<bson::Uuid> = ids.iter().copied().map(product_key).collect();
        let found = self.find(doc! { "_id": { "$in": keys } }).await?;
        found.try_collect().await
    }

    /// Every product, in no order.
    pub(crate) async fn all(
        &self,
    ) -> Result<impl Stream<Item = Result<Listed, StoreError>> + Send + Unpin, StoreError> {
        self.find(Document::new()).await
    }

    async fn find(
        &self,
        filter: Document,
    ) -> Result<impl Stream<Item = Result<Listed, StoreError>> + Send + Unpin, StoreError> {
        let products = self.database.database();
        let found = products
            .collection::<StoredProduct>(PRODUCTS)
            .find(filter)
            .projection(doc! { "raises": 0, "search": 0 })
            .with_timeout()
            .await?;
        Ok(documents(found).map(|stored| stored?.into_listed()))
    }

    /// Every log with its latest ids, at most `ids` of them.
    async fn logs(&self, ids: usize) -> Result<Vec<SessionLog>, StoreError> {
        let signs = i64::try_from(ids * SIGNS).map_err(StoreError::permanent)?;
        let logs = self
            .database
            .database()
            .collection::<SessionLog>(PRODUCT_CHANGES);
        let found = logs.find(Document::new()).projection(doc! {
            "life": 1, "count": 1, "ids": { "$substrBytes": ["$ids", 0_i64, signs] },
        });
        found
            .with_timeout()
            .await?
            .try_collect()
            .with_timeout()
            .await
    }
}

impl SessionLog {
    fn mark(&self) -> ([u8; 16], Mark) {
        let (life, count) = (self.life, self.count);
        (self.session.bytes(), Mark { life, count })
    }
}

impl Marks {
    /// What `logs` have beyond these marks; `None` when not enough of their ids were read.
    fn compare(&self, logs: &[SessionLog]) -> Result<Option<Since>, StoreError> {
        let now = Self(logs.iter().map(SessionLog::mark).collect());
        let mut changed = BTreeSet::new();
        for log in logs {
            let known = match self.0.get(&log.session.bytes()) {
                Some(mark) if mark.life == log.life => mark.count,
                // It was made since; or made anew, and its count says nothing.
                Some(_) => return Ok(Some(Since::TooMuch)),
                None => 0,
            };
            let Ok(missing) = usize::try_from(log.count - known) else {
                return Ok(Some(Since::TooMuch));
            };
            let Some(ids) = log.ids.as_bytes().get(..missing * SIGNS) else {
                return Ok(None);
            };
            for id in ids.chunks_exact(SIGNS) {
                let id = URL_SAFE_NO_PAD.decode(id).map_err(StoreError::permanent)?;
                let id = <[u8; 16]>::try_from(id.as_slice()).map_err(StoreError::permanent)?;
                changed.insert(ProductId::from_bytes(id));
            }
        }
        Ok(Some(Since::Changed(changed, now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(session: u8, life: u8, count: i64, ids: &[u128]) -> SessionLog {
        let text = |id: &u128| URL_SAFE_NO_PAD.encode(id.to_be_bytes());
        SessionLog {
            session: bson::Uuid::from_bytes([session; 16]),
            life: bson::Uuid::from_bytes([life; 16]),
            count,
            ids: ids.iter().map(text).collect(),
        }
    }

    fn marks(logs: &[SessionLog]) -> Marks {
        Marks(logs.iter().map(SessionLog::mark).collect())
    }

    fn changed(known: &Marks, logs: &[SessionLog]) -> Option<Vec<u128>> {
        match known.compare(logs).unwrap()? {
            Since::Changed(ids, now) => {
                assert_eq!(now, marks(logs));
                let ids = ids.iter().map(|id| u128::from_be_bytes(id.into_bytes()));
                Some(ids.collect())
            }
            Since::TooMuch => panic!("too much"),
        }
    }

    #[test]
    fn changes_beyond_the_positions_are_found() {
        let known = marks(&[log(1, 1, 5, &[]), log(2, 2, 9, &[])]);
        let now = [
            log(1, 1, 5, &[50]),
            log(2, 2, 11, &[12, 11, 10, 9]),
            log(3, 3, 1, &[30]),
        ];
        assert_eq!(changed(&known, &now), Some(vec![11, 12, 30]));
        assert_eq!(changed(&marks(&now), &now), Some(vec![]));
    }

    #[test]
    fn the_log_of_an_ended_session_has_no_more_changes() {
        let known = marks(&[log(1, 1, 5, &[]), log(2, 2, 9, &[])]);
        assert_eq!(changed(&known, &[log(1, 1, 6, &[7])]), Some(vec![7]));
    }

    #[test]
    fn what_is_not_at_hand_is_not_guessed() {
        let known = marks(&[log(1, 1, 5, &[])]);
        let now = [log(1, 1, 8, &[7, 6])];
        assert_eq!(changed(&known, &now), None);
    }

    #[test]
    fn other_tables_are_read_anew() {
        let known = marks(&[log(1, 1, 5, &[])]);
        for now in [vec![log(1, 9, 6, &[1])], vec![log(1, 1, 4, &[1, 2, 3, 4])]] {
            assert_eq!(known.compare(&now).unwrap(), Some(Since::TooMuch));
        }
    }
}
