//! What the service takes back from its own topic when its database was restored from an older
//! backup (see [`outbox::recovery`]).
//!
//! An order that was published and is not in the database is written as it was placed:
//! `OrderCreate` says all of it. Each `OrderUpdate` that is newer than what the database has is a
//! step that it takes then. An order whose decision was not published yet gets it by its topic,
//! since it lies behind the restored checkpoint. Idempotency keys are in no event: a request that
//! is repeated with a key of the lost time places a second order. Neither is the note of who cancelled
//! an order.

use std::collections::{BTreeSet, HashMap};

use events::{OrderCreate, OrderId, OrderUpdate, Reason, topics};
use futures::future::BoxFuture;
use jiff::Timestamp;
use outbox::kafka::TopicReader;
use outbox::recovery::own_event;
use outbox::{Record, Recover, RecoveryError, StoreError, Work, transact};

use crate::domain::{Author, Identity, Order, Step};
use crate::store::{OrderState, OrderTransition, OrdersStore};

/// Takes the service's own orders back.
pub struct OrderRecovery<D> {
    database: D,
}

impl<D: OrdersStore> OrderRecovery<D> {
    /// Puts what is missing into `database`.
    pub fn new(database: D) -> Self {
        Self { database }
    }

    async fn recover(&self, records: &[Record]) -> Result<usize, RecoveryError> {
        let mut published = Vec::new();
        for record in records {
            if let Some(create) = own_event::<OrderCreate>(record)? {
                published.push(Published::Placed(Order::from_event(
                    &create.event,
                    create.time,
                )));
            } else if let Some(update) = own_event::<OrderUpdate>(record)? {
                published.push(if update.event.version == 1 {
                    Published::Placed(rejected(&update.event, update.time)?)
                } else {
                    Published::Step(update.event, update.time)
                });
            }
        }
        if published.is_empty() {
            return Ok(0);
        }
        let database = &self.database;
        Ok(transact(
            database,
            &mut RecoverOrders {
                database,
                published,
            },
        )
        .await?)
    }
}

impl<D: OrdersStore> Recover for OrderRecovery<D> {
    fn topics(&self) -> Vec<&'static str> {
        vec![topics::ORDERS]
    }

    fn recover<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RecoveryError>> {
        Box::pin(self.recover(records))
    }

    fn conclude<'a>(
        &'a self,
        _topics: &'a TopicReader,
    ) -> BoxFuture<'a, Result<(), RecoveryError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What a record of the service's own topic says.
enum Published {
    Placed(Order),
    Step(OrderUpdate, Timestamp),
}

impl Published {
    fn order(&self) -> OrderId {
        match self {
            Self::Placed(order) => order.id,
            Self::Step(update, _) => update.order_id,
        }
    }
}

struct RecoverOrders<'a, D> {
    database: &'a D,
    published: Vec<Published>,
}

impl<D: OrdersStore> Work<D> for RecoverOrders<'_, D> {
    type Output = usize;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<usize, StoreError> {
        let ids: BTreeSet<OrderId> = self.published.iter().map(Published::order).collect();
        let ids: Vec<OrderId> = ids.into_iter().collect();
        let known = self.database.orders(tx, &ids).await?;
        let mut known: HashMap<OrderId, Order> =
            known.into_iter().map(|order| (order.id, order)).collect();
        let (mut missing, mut steps) = (HashMap::new(), Vec::new());
        for published in &self.published {
            match published {
                Published::Placed(order) if known.contains_key(&order.id) => {}
                Published::Placed(order) => {
                    missing.entry(order.id).or_insert_with(|| order.clone());
                }
                Published::Step(update, at) => {
                    let id = update.order_id;
                    if let Some(order) = known.get_mut(&id) {
                        let from = OrderState::from(&*order);
                        if let Some(step) = take(order, update, *at)? {
                            let written_at = step.at;
                            steps.push(OrderTransition {
                                from,
                                step,
                                written_at,
                            });
                        }
                    } else {
                        let order = missing.get_mut(&id).ok_or_else(|| gap(update, 0))?;
                        take(order, update, *at)?;
                    }
                }
            }
        }
        let missing: Vec<Order> = missing.into_values().collect();
        if !missing.is_empty() {
            self.database.insert_orders(tx, &missing).await?;
        }
        if !steps.is_empty() {
            self.database.settle(tx, &steps).await?;
        }
        Ok(missing.len() + steps.len())
    }
}

/// The order that `update` says to be rejected instead of being placed.
fn rejected(update: &OrderUpdate, at: Timestamp) -> Result<Order, StoreError> {
    let who = Identity {
        id: update.order_id,
        customer: update.customer_id,
        asks: update.asks,
        now: at,
    };
    let order = Order::placed(who, update.lines.clone(), update.total);
    match &update.reason {
        Some(reason @ Reason::Checkout(_)) => Ok(order.rejected(reason.clone())),
        reason => Err(unknown(update, &format!("{reason:?}"))),
    }
}

/// Has `order` take the step that `update` says, unless it is as far already.
fn take(
    order: &mut Order,
    update: &OrderUpdate,
    at: Timestamp,
) -> Result<Option<Step>, StoreError> {
    if update.version <= order.version {
        return Ok(None);
    }
    if update.version != order.version + 1 {
        return Err(gap(update, order.version));
    }
    if let Some(Reason::Other { code }) = &update.reason {
        return Err(unknown(update, code));
    }
    let step = Step {
        status: update.status,
        at,
        by: Author::from_name(&update.by).ok_or_else(|| unknown(update, &update.by))?,
        reason: update.reason.clone(),
        note: None,
    };
    order.take(step.clone(), at);
    Ok(Some(step))
}

fn gap(update: &OrderUpdate, version: u64) -> StoreError {
    StoreError::permanent(format!(
        "the topic has version {} of order {}, but nothing between it and version {version}",
        update.version, update.order_id
    ))
}

fn unknown(update: &OrderUpdate, what: &str) -> StoreError {
    StoreError::permanent(format!(
        "version {} of order {} says {what:?}, which is unknown to this build; a newer one may \
         read it",
        update.version, update.order_id
    ))
}
