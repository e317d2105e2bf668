//! The tables inside a transaction.

use std::collections::HashSet;

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};
use events::{OrderId, ProductId};
use mongodb::Collection;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use serde::Deserialize;

use super::documents::{
    ChangeEventDocument, OrderDocument, ReasonDocument, StepDocument, date, time, uuid,
};
use super::prepare::{CHANGE_EVENTS, IDEMPOTENCY, ORDERS};
use super::{Digest, IdempotencyRecord, OrderTransition, OrdersStore, product};
use crate::domain::{Order, ProductCopy, Step};

#[derive(Deserialize)]
struct IdempotencyDocument {
    #[serde(rename = "_id")]
    key: Binary,
    body: Binary,
    order: bson::Uuid,
    created_at: bson::DateTime,
}

impl OrdersStore for MongoDatabase {
    async fn products_named(
        &self,
        tx: &mut MongoTx,
        names: &[&str],
    ) -> Result<Vec<(ProductId, ProductCopy)>, StoreError> {
        let found = replica::mongo::find(tx, doc! { "name": { "$in": names } }).await?;
        Ok(found.into_iter().map(product).collect())
    }

    async fn orders(&self, tx: &mut MongoTx, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        let filter = doc! { "_id": { "$in": order_ids(ids) } };
        let found: Vec<OrderDocument> = tx.find(ORDERS, filter, None).await?;
        found.into_iter().map(OrderDocument::into_domain).collect()
    }

    async fn insert_orders(&self, tx: &mut MongoTx, orders: &[Order]) -> Result<(), StoreError> {
        let collection: Collection<OrderDocument> = self.database().collection(ORDERS);
        collection
            .insert_many(orders.iter().map(OrderDocument::from))
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }

    async fn idempotency_records(
        &self,
        tx: &mut MongoTx,
        keys: &[Digest],
    ) -> Result<Vec<IdempotencyRecord>, StoreError> {
        let keys: Vec<Binary> = keys.iter().map(binary).collect();
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<IdempotencyDocument> = tx.find(IDEMPOTENCY, filter, None).await?;
        found
            .into_iter()
            .map(|stored| {
                Ok(IdempotencyRecord {
                    key: digest(&stored.key)?,
                    body: digest(&stored.body)?,
                    order: OrderId::from_bytes(stored.order.bytes()),
                    at: time(stored.created_at)?,
                })
            })
            .collect()
    }

    async fn save_idempotency_records(
        &self,
        tx: &mut MongoTx,
        requests: &[IdempotencyRecord],
    ) -> Result<(), StoreError> {
        let documents = requests.iter().map(|request| {
            doc! {
                "_id": binary(&request.key),
                "body": binary(&request.body),
                "order": uuid(request.order.into_bytes()),
                "created_at": date(request.at),
            }
        });
        let collection: Collection<Document> = self.database().collection(IDEMPOTENCY);
        collection
            .insert_many(documents)
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }

    async fn settle(&self, tx: &mut MongoTx, steps: &[OrderTransition]) -> Result<(), StoreError> {
        let statements = step_statements(steps)?;
        expect_all(
            tx.update(ORDERS, statements).await?,
            steps.len(),
            "an order",
        )?;
        self.database()
            .collection::<ChangeEventDocument>(CHANGE_EVENTS)
            .insert_one(ChangeEventDocument::of(steps))
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }
}

/// One statement for all orders that take the same step: a batch was decided at one moment, and
/// most of its orders were accepted. Planned once instead of once for each order, it costs the
/// server half as much.
fn step_statements(steps: &[OrderTransition]) -> Result<Vec<Document>, StoreError> {
    let mut statements = Vec::new();
    let mut wave: Vec<(&OrderTransition, Vec<Bson>)> = Vec::new();
    let mut moved = HashSet::new();
    for step in steps {
        if !moved.insert(step.from.id) {
            // Its next step: what went before has to be written before.
            for (like, ids) in wave.drain(..) {
                statements.push(step_statement(like, ids)?);
            }
            moved = HashSet::from([step.from.id]);
        }
        let id = Bson::from(uuid(step.from.id.into_bytes()));
        match wave.iter_mut().find(|(like, _)| alike(like, step)) {
            Some((_, ids)) => ids.push(id),
            None => wave.push((step, vec![id])),
        }
    }
    for (like, ids) in wave {
        statements.push(step_statement(like, ids)?);
    }
    Ok(statements)
}

/// Whether two orders take the same step.
fn alike(one: &OrderTransition, other: &OrderTransition) -> bool {
    let step = |it: &OrderTransition| (it.from.status, it.from.version, it.to, it.decided_at);
    let rest = |it: &OrderTransition| (it.by, it.written_at);
    step(one) == step(other) && rest(one) == rest(other) && one.reason == other.reason
}

fn step_statement(step: &OrderTransition, ids: Vec<Bson>) -> Result<Document, StoreError> {
    let entry = StepDocument::from(&Step {
        status: step.to,
        at: step.decided_at,
        by: step.by,
        reason: step.reason.clone(),
    });
    let mut set = doc! {
        "status": step.to.name(),
        "version": step.from.version.cast_signed() + 1,
        "last_change.at": date(step.written_at),
    };
    if let Some(reason) = &step.reason {
        let reason = bson::serialize_to_bson(&ReasonDocument::from(reason));
        set.insert("reason", reason.map_err(StoreError::permanent)?);
    }
    let entry = bson::serialize_to_bson(&entry).map_err(StoreError::permanent)?;
    Ok(doc! {
        "q": {
            "_id": { "$in": ids },
            "status": step.from.status.name(),
            "version": step.from.version.cast_signed(),
        },
        "u": { "$set": set, "$push": { "history": entry } },
        "multi": true,
        "hint": { "_id": 1 },
    })
}

fn expect_all(matched: u64, wanted: usize, what: &str) -> Result<(), StoreError> {
    if usize::try_from(matched).is_ok_and(|n| n == wanted) {
        Ok(())
    } else {
        Err(StoreError::conflict(format!(
            "{what} is not as it was read"
        )))
    }
}

fn order_ids(ids: &[OrderId]) -> Vec<Bson> {
    ids.iter().map(|id| uuid(id.into_bytes()).into()).collect()
}

fn binary(digest: &Digest) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: digest.to_vec(),
    }
}

fn digest(binary: &Binary) -> Result<Digest, StoreError> {
    Digest::try_from(binary.bytes.as_slice()).map_err(StoreError::permanent)
}
