//! The tables inside a transaction.

use std::collections::{BTreeSet, HashSet};

use bson::{Bson, Document, doc};
use events::{OrderId, ProductId};
use mongodb::Collection;
use outbox::StoreError;
use outbox::idempotency::{Digest, IdempotencyRecord};
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use replica::Versioned;

use super::documents::{
    ChangeEventDocument, OrderDocument, ReasonDocument, StepDocument, date, uuid,
};
use super::prepare::{CHANGE_EVENTS, ORDERS};
use super::{AnsweredOrder, OrderTransition, OrdersStore, product};
use crate::domain::{Order, ProductCopy};

/// The field of an idempotency record that says which order the request became.
const ORDER: &str = "order";

impl OrdersStore for MongoDatabase {
    async fn products_named(
        &self,
        tx: &mut MongoTx,
        keys: &BTreeSet<&str>,
    ) -> Result<Vec<(ProductId, ProductCopy)>, StoreError> {
        let asked: Vec<&str> = keys.iter().copied().collect();
        let found = replica::mongo::find(tx, doc! { "name_key": { "$in": asked } }).await?;
        let mut found: Vec<_> = found.into_iter().map(product).collect();
        let known: BTreeSet<String> = found.iter().map(|(_, copy)| copy.name_key()).collect();
        if keys.iter().any(|key| !known.contains(*key)) {
            // Written by an older build that is still running.
            let unkeyed = doc! { "name_key": { "$exists": false } };
            let unkeyed = replica::mongo::find(tx, unkeyed).await?;
            let asked = |it: &(ProductId, ProductCopy)| keys.contains(it.1.name_key().as_str());
            found.extend(unkeyed.into_iter().map(product).filter(asked));
        }
        Ok(found)
    }

    async fn product_copies(
        &self,
        tx: &mut MongoTx,
        ids: &BTreeSet<ProductId>,
    ) -> Result<Vec<Versioned<ProductCopy>>, StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().map(|id| uuid(id.into_bytes())).collect();
        replica::mongo::find(tx, doc! { "_id": { "$in": ids } }).await
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
    ) -> Result<Vec<AnsweredOrder>, StoreError> {
        let found: Vec<IdempotencyRecord<bson::Uuid>> = tx.idempotency_records(ORDER, keys).await?;
        let order = |found: IdempotencyRecord<bson::Uuid>| AnsweredOrder {
            key: found.key,
            body: found.body,
            answer: OrderId::from_bytes(found.answer.bytes()),
            at: found.at,
        };
        Ok(found.into_iter().map(order).collect())
    }

    async fn save_idempotency_records(
        &self,
        tx: &mut MongoTx,
        requests: &[AnsweredOrder],
    ) -> Result<(), StoreError> {
        let records = requests.iter().map(|request| IdempotencyRecord {
            key: request.key,
            body: request.body,
            answer: uuid(request.answer.into_bytes()),
            at: request.at,
        });
        let records: Vec<_> = records.collect();
        tx.save_idempotency_records(self, ORDER, &records).await
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
    let rest = |it: &OrderTransition| (it.from.status, it.from.version, it.written_at);
    rest(one) == rest(other) && one.step == other.step
}

fn step_statement(step: &OrderTransition, ids: Vec<Bson>) -> Result<Document, StoreError> {
    let entry = StepDocument::from(&step.step);
    let mut set = doc! {
        "status": step.step.status.name(),
        "version": step.from.version.cast_signed() + 1,
        "last_change.at": date(step.written_at),
    };
    if let Some(reason) = &step.step.reason {
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
