//! Placing orders, many in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use events::{AccountId, OrderId};
use jiff::Timestamp;
use outbox::{Clock, MessageContext, Outgoing, StoreError, Work};
use thiserror::Error;
use uuid::Uuid;

use super::RetryKey;
use crate::domain::{Basket, Identity, Order, ProductCopy, Refusal, place};
use crate::name::NAME;
use crate::store::{Digest, OrdersStore, Remembered};

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
/// Emits `OrderCreate` for each new order, all in one outbox record. It may run again at any time:
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
struct Desk {
    catalogue: HashMap<String, ProductCopy>,
    orders: HashMap<OrderId, Order>,
    remembered: BTreeMap<Digest, Remembered>,
    now: Timestamp,
    new: Vec<Order>,
    new_remembered: Vec<Remembered>,
}

impl Desk {
    fn decide(&mut self, request: &PlaceOrder) -> Result<Decision, StoreError> {
        if let Some(order) = self.orders.get(&request.id) {
            return Ok(Ok(Placed::New(order.clone().as_placed())));
        }
        if let Some(retry) = request.retry
            && let Some(first) = self.remembered.get(&retry.key)
        {
            if first.body != retry.body {
                return Ok(Err(Declined::KeyReused));
            }
            let order = self.orders.get(&first.order).ok_or_else(|| {
                StoreError::permanent(format!("order {} is remembered but not there", first.order))
            })?;
            return Ok(Ok(Placed::Again(order.clone().as_placed())));
        }
        let who = Identity {
            id: request.id,
            customer: request.customer,
            now: self.now,
        };
        let order = match place(who, &request.basket, |name| {
            self.catalogue.get(name).cloned()
        }) {
            Ok(order) => order,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if let Some(retry) = request.retry {
            let RetryKey { key, body } = retry;
            let first = Remembered {
                key,
                body,
                order: order.id,
                at: self.now,
            };
            self.remembered.insert(key, first);
            self.new_remembered.push(first);
            // The same key may come once more in this very batch.
            self.orders.insert(order.id, order.clone());
        }
        self.new.push(order.clone());
        Ok(Ok(Placed::New(order)))
    }
}

impl<D: OrdersStore> PlaceOrders<'_, D> {
    async fn read(&self, tx: &mut D::Tx, now: Timestamp) -> Result<Desk, StoreError> {
        let keys: BTreeSet<Digest> = self
            .requests
            .iter()
            .filter_map(|request| request.retry)
            .map(|retry| retry.key)
            .collect();
        let keys: Vec<Digest> = keys.into_iter().collect();
        let remembered = if keys.is_empty() {
            vec![]
        } else {
            self.database.remembered(tx, &keys).await?
        };
        let mut ids: Vec<OrderId> = remembered.iter().map(|first| first.order).collect();
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
            .flat_map(|request| request.basket.items().iter().map(|item| item.name.as_str()))
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        let products = self.database.products_named(tx, &names).await?;
        Ok(Desk {
            catalogue: products
                .into_iter()
                .map(|copy| (copy.name.clone(), copy))
                .collect(),
            orders: orders.into_iter().map(|order| (order.id, order)).collect(),
            remembered: remembered
                .into_iter()
                .map(|first| (first.key, first))
                .collect(),
            now,
            new: Vec::new(),
            new_remembered: Vec::new(),
        })
    }
}

impl<D: OrdersStore> Work<D> for PlaceOrders<'_, D> {
    type Output = Vec<Decision>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Vec<Decision>, StoreError> {
        let mut out = Outgoing::new(NAME, self.clock);
        let mut desk = self.read(tx, out.now()).await?;
        // Whatever comes of this run, the next one has to look.
        self.may_exist = true;
        let mut decisions = Vec::with_capacity(self.requests.len());
        for request in self.requests {
            let before = desk.new.len();
            decisions.push(desk.decide(request)?);
            if let Some(order) = desk.new.get(before) {
                out.push_as(request.event_id, &order.to_event(), request.context.clone())
                    .map_err(StoreError::permanent)?;
            }
        }
        if desk.new.is_empty() {
            return Ok(decisions);
        }
        self.database.insert_orders(tx, &desk.new).await?;
        if !desk.new_remembered.is_empty() {
            self.database.remember(tx, &desk.new_remembered).await?;
        }
        out.write(self.database, tx).await?;
        Ok(decisions)
    }
}
