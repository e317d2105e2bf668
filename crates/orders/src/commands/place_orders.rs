//! Placing orders, many in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use events::{AccountId, Address, OrderId, PaymentChoice, ProductId};
use jiff::Timestamp;
use outbox::idempotency::{Digest, IdempotencyRecord, RetryKey};
use outbox::{Clock, EventCollector, MessageContext, StoreError, Work};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::{Basket, Identity, Order, ProductCopy, Refusal, asks, details_id, place};
use crate::name::NAME;
use crate::store::{AnsweredOrder, OrdersStore};

/// A request to place an order. Its ids are drawn once, so that running it again after an unknown
/// outcome can't make a second order of it.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    /// The id of the order that it becomes.
    pub id: OrderId,
    /// The id of the event that says so.
    pub event_id: Uuid,
    /// Who asks.
    pub customer: AccountId,
    /// What for.
    pub basket: Basket,
    /// How it is to be paid for; an order that says nothing of it asks for no payment.
    pub payment: Option<PaymentChoice>,
    /// Where it goes.
    pub delivery: Option<Address>,
    /// The key by which it may be repeated.
    pub retry: Option<RetryKey>,
    /// The request that it came with.
    pub context: MessageContext,
}

/// An order that there is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// It is new.
    New(Order),
    /// The request was answered before, with this order.
    Again(Order),
}

/// Why there is no order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Declined {
    /// The shop's rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The key came with another request before.
    #[error("the idempotency key was used for another request")]
    KeyReused,
}

/// The answer to one request.
pub type Decision = Result<Placed, Declined>;

/// The command: decides each request by itself, and saves what was accepted together.
///
/// Emits `OrderCreate` for each new order, and `OrderDetails` where it asks for payment, all in one outbox
/// record. It may run again at any time:
/// from the second run on it looks first whether its orders are there already.
pub struct PlaceOrders<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    requests: &'a [PlaceOrder],
    may_exist: bool,
}

impl<'a, D> PlaceOrders<'a, D> {
    /// `may_exist` says that an earlier transaction with these requests has an unknown outcome.
    pub fn new(
        database: &'a D,
        clock: &'a dyn Clock,
        requests: &'a [PlaceOrder],
        may_exist: bool,
    ) -> Self {
        Self {
            database,
            clock,
            requests,
            may_exist,
        }
    }
}

/// What was read for a batch, and what it has decided so far.
struct BatchContext {
    /// By the key of the name.
    catalogue: HashMap<String, Vec<(ProductId, ProductCopy)>>,
    orders: HashMap<OrderId, Order>,
    idempotency_records: BTreeMap<Digest, AnsweredOrder>,
    now: Timestamp,
    new: Vec<Order>,
    new_idempotency_records: Vec<AnsweredOrder>,
}

impl BatchContext {
    fn decide(&mut self, request: &PlaceOrder) -> Result<Decision, StoreError> {
        if let Some(order) = self.orders.get(&request.id) {
            return Ok(Ok(Placed::New(order.clone().as_placed())));
        }
        if let Some(retry) = request.retry
            && let Some(first) = self.idempotency_records.get(&retry.key)
        {
            if first.body != retry.body {
                return Ok(Err(Declined::KeyReused));
            }
            let order = self.orders.get(&first.answer).ok_or_else(|| {
                StoreError::permanent(format!(
                    "order {} has an idempotency record but does not exist",
                    first.answer
                ))
            })?;
            return Ok(Ok(Placed::Again(order.clone().as_placed())));
        }
        let who = Identity {
            id: request.id,
            customer: request.customer,
            asks: asks(request.payment.is_some()),
            now: self.now,
        };
        let order = match place(who, &request.basket, |item| {
            let copies = self.catalogue.get(&item.key)?;
            ProductCopy::asked_for(&item.name, copies).cloned()
        }) {
            Ok(order) => order,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if let Some(retry) = request.retry {
            let RetryKey { key, body } = retry;
            let first = IdempotencyRecord {
                key,
                body,
                answer: order.id,
                at: self.now,
            };
            self.idempotency_records.insert(key, first);
            self.new_idempotency_records.push(first);
            // The same key may come once more in this very batch.
            self.orders.insert(order.id, order.clone());
        }
        self.new.push(order.clone());
        Ok(Ok(Placed::New(order)))
    }
}

impl<D: OrdersStore> PlaceOrders<'_, D> {
    async fn read(
        &self,
        tx: &mut D::Tx,
        out: &mut EventCollector<'_>,
    ) -> Result<BatchContext, StoreError> {
        let keys: BTreeSet<Digest> = self
            .requests
            .iter()
            .filter_map(|request| request.retry)
            .map(|retry| retry.key)
            .collect();
        let keys: Vec<Digest> = keys.into_iter().collect();
        let idempotency_records = if keys.is_empty() {
            vec![]
        } else {
            self.database.idempotency_records(tx, &keys).await?
        };
        let mut ids: Vec<OrderId> = idempotency_records
            .iter()
            .map(|first| first.answer)
            .collect();
        if self.may_exist {
            ids.extend(self.requests.iter().map(|request| request.id));
        }
        let orders = if ids.is_empty() {
            vec![]
        } else {
            self.database.orders(tx, &ids).await?
        };
        let names: BTreeSet<&str> = self
            .requests
            .iter()
            .flat_map(|request| request.basket.items().iter().map(|item| item.key.as_str()))
            .collect();
        let mut catalogue: HashMap<String, Vec<(ProductId, ProductCopy)>> = HashMap::new();
        for product in self.database.products_named(tx, &names).await? {
            let named = catalogue.entry(product.1.name_key()).or_default();
            named.push(product);
        }
        Ok(BatchContext {
            catalogue,
            orders: orders.into_iter().map(|order| (order.id, order)).collect(),
            idempotency_records: idempotency_records
                .into_iter()
                .map(|first| (first.key, first))
                .collect(),
            now: out.after(None),
            new: Vec::new(),
            new_idempotency_records: Vec::new(),
        })
    }
}

impl<D: OrdersStore> Work<D> for PlaceOrders<'_, D> {
    type Output = Vec<Decision>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Vec<Decision>, StoreError> {
        let mut out = EventCollector::new(NAME, self.clock);
        let mut batch = self.read(tx, &mut out).await?;
        // Whatever comes of this run, the next one has to look.
        self.may_exist = true;
        let mut decisions = Vec::with_capacity(self.requests.len());
        for request in self.requests {
            let before = batch.new.len();
            decisions.push(batch.decide(request)?);
            if let Some(order) = batch.new.get(before) {
                out.push_as(request.event_id, &order.to_event(), request.context.clone())
                    .map_err(StoreError::permanent)?;
                if let Some(details) =
                    order.to_details(request.payment.clone(), request.delivery.clone())
                {
                    let id = details_id(order.id, details.version);
                    out.push_as(id, &details, request.context.clone())
                        .map_err(StoreError::permanent)?;
                }
            }
        }
        if batch.new.is_empty() {
            return Ok(decisions);
        }
        self.database.insert_orders(tx, &batch.new).await?;
        if !batch.new_idempotency_records.is_empty() {
            self.database
                .save_idempotency_records(tx, &batch.new_idempotency_records)
                .await?;
        }
        out.write(self.database, tx).await?;
        Ok(decisions)
    }
}
