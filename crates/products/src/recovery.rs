//! What the service takes back from its own topics when its database was restored from an older
//! backup (see [`outbox::recovery`]).
//!
//! 1. Each product as the newest event says, but for what is left of it: how many were put in is
//!    taken from the event, how many were given from the reservations.
//! 2. Each decision that was published: a reservation under the published event id, at its time.
//!    Its lines come from the `OrderCreate`, which lies at or after the restored checkpoint,
//!    since the order was not decided then; or which is dead-lettered. What orders gave back that were
//!    cancelled meanwhile, by `OrderUpdate`s that lie there too, is given back first: others may have got
//!    it since.
//! 3. Products that changed on the way are published once more, in the next version. What the
//!    restored outbox still has to say of them is older and leaves before.
//!
//! So whatever of the last events before the loss was published, and in whatever parts: what
//! was put in is what it was, every published promise is kept, and nothing is promised twice.
//! A decision that was not published is taken again.

mod records;

use std::collections::BTreeMap;
use std::sync::Arc;

use events::{
    OrderCreate, OrderId, OrderStatus, OrderStatusUpdate, OrderUpdate, ProductCreate, ProductId,
    ProductState, ProductsQuantityUpdate, names, topics,
};
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use outbox::dead_letter::DeadLetterFilter;
use outbox::handler::decode;
use outbox::kafka::TopicReader;
use outbox::mongo::MongoTx;
use outbox::recovery::{MOST_AT_ONCE, own_event};
use outbox::{
    Clock, DeadLetterStore, EventCollector, InboxStore, MessageContext, Record, Recover,
    RecoveryError, StoreError, Work, transact,
};

use self::records::{decision, demands};
use crate::domain::{Decision, Demand, Outcome, StockBalance};
use crate::name::NAME;
use crate::store::recovery::{Known, MongoRecovery};
use crate::store::{CatalogueStore, ShopDatabase, StockDecision, StockStore, apply_name_rule};

/// How many products are published once more in one transaction.
const AT_ONCE: i64 = 100;

/// Takes the service's own products and decisions back.
pub struct ProductRecovery {
    recovery: MongoRecovery,
    clock: Arc<dyn Clock>,
}

impl ProductRecovery {
    /// Puts what is missing into `database`.
    pub fn new(database: ShopDatabase, clock: Arc<dyn Clock>) -> Self {
        Self {
            recovery: MongoRecovery { database },
            clock,
        }
    }

    async fn recover(&self, records: &[Record]) -> Result<usize, RecoveryError> {
        let mut said: BTreeMap<ProductId, ProductState> = BTreeMap::new();
        let mut decisions = BTreeMap::new();
        for record in records {
            let state = match own_event::<ProductCreate>(record)? {
                Some(create) => Some(create.event.product),
                None => {
                    own_event::<ProductsQuantityUpdate>(record)?.map(|update| update.event.product)
                }
            };
            if let Some(state) = state {
                let newest = said.get(&state.product_id).map(|held| held.version);
                if newest.is_none_or(|version| version < state.version) {
                    said.insert(state.product_id, state);
                }
            } else if let Some(update) = own_event::<OrderStatusUpdate>(record)? {
                let decision = decision(&update)?;
                decisions.entry(update.event.order_id).or_insert(decision);
            }
        }
        let database = &self.recovery.database;
        let mut recovered = 0;
        if !said.is_empty() {
            let mut work = RecoverProducts { of: self, said };
            recovered += transact(database, &mut work).await?;
        }
        if !decisions.is_empty() {
            let mut work = RecoverDecisions {
                of: self,
                decisions,
            };
            recovered += transact(database, &mut work).await?;
        }
        Ok(recovered)
    }

    async fn conclude(&self, topics: &TopicReader) -> Result<(), RecoveryError> {
        if !self.recovery.without_lines(1).await?.is_empty() {
            self.release_cancelled(topics).await?;
            self.find_lines(topics).await?;
            self.find_dead_letter_lines().await?;
        }
        loop {
            let products = self.recovery.to_republish(AT_ONCE).await?;
            if products.is_empty() {
                // The categories of recovered products have no keys yet.
                apply_name_rule(self.recovery.database.clone()).await?;
                return Ok(());
            }
            let mut work = Republish { of: self, products };
            transact(&self.recovery.database, &mut work).await?;
        }
    }

    /// Has decided orders that were cancelled give back what they were given.
    async fn release_cancelled(&self, topics: &TopicReader) -> Result<(), RecoveryError> {
        let (from, to) = self.since_checkpoint(topics).await?;
        let records = topics.read(topics::ORDERS, &from, &to);
        let mut chunks = records.try_ready_chunks(MOST_AT_ONCE);
        while let Some(chunk) = chunks.next().await {
            let records = chunk.map_err(|fault| fault.1)?;
            let updates = records
                .iter()
                .filter(|record| record.is::<OrderUpdate>())
                .filter_map(|record| decode::<OrderUpdate>(record).ok())
                .filter(|update| update.event.status == OrderStatus::Cancelled);
            let orders: Vec<OrderId> = updates.map(|update| update.event.order_id).collect();
            if !orders.is_empty() {
                let mut work = ReleaseCancelled { of: self, orders };
                transact(&self.recovery.database, &mut work).await?;
            }
        }
        Ok(())
    }

    /// Finds the lines of decided orders.
    async fn find_lines(&self, topics: &TopicReader) -> Result<(), RecoveryError> {
        let (from, to) = self.since_checkpoint(topics).await?;
        let records = topics.read(topics::ORDERS, &from, &to);
        let mut chunks = records.try_ready_chunks(MOST_AT_ONCE);
        while let Some(chunk) = chunks.next().await {
            let records = chunk.map_err(|fault| fault.1)?;
            self.fill_in(records.iter()).await?;
        }
        Ok(())
    }

    /// From where to where the orders' records lie at or after the restored checkpoint, by partition.
    async fn since_checkpoint(
        &self,
        topics: &TopicReader,
    ) -> Result<(BTreeMap<i32, i64>, BTreeMap<i32, i64>), RecoveryError> {
        let checkpoints = self.recovery.database.checkpoints(NAME).await?;
        let ends = topics.ends(topics::ORDERS).await?;
        let from = ends.iter().map(|end| {
            let known = checkpoints.iter().find(|claim| claim.at == end.at);
            let next = known.map_or(end.low, |claim| claim.next);
            // An end before the checkpoint is another topic than it was: all of it is read.
            let fits = (end.low..=end.high).contains(&next)
                && known.is_none_or(|claim| end.is_of(claim.topic_id));
            (end.at.partition, if fits { next } else { end.low })
        });
        let to = ends.iter().map(|end| (end.at.partition, end.high));
        Ok((from.collect(), to.collect()))
    }

    /// Looks among the dead letters: an order that was dead-lettered when the backup was made, and
    /// decided after it.
    async fn find_dead_letter_lines(&self) -> Result<(), RecoveryError> {
        let database = &self.recovery.database;
        loop {
            let orders = self.recovery.without_lines(AT_ONCE).await?;
            let mut dead_lettered = Vec::new();
            for order in &orders {
                let filter = DeadLetterFilter {
                    topic: Some(topics::ORDERS.to_owned()),
                    key: Some(order.to_string()),
                    limit: 1,
                };
                let lines = database.lines(NAME, &filter).await?;
                let Some(line) = lines.into_iter().next() else {
                    return Err(RecoveryError::Impossible(format!(
                        "there is a decision about order {order}, and {} does not have that order \
                         from the restored checkpoint on. Restore an older backup",
                        topics::ORDERS
                    )));
                };
                dead_lettered.push(line.dead_letter.record);
            }
            if dead_lettered.is_empty() {
                return Ok(());
            }
            self.fill_in(dead_lettered.iter()).await?;
            if let Some(order) = self.recovery.without_lines(1).await?.first()
                && orders.contains(order)
            {
                let found = format!("order {order} was decided, and its dead letter can't be read");
                return Err(RecoveryError::Impossible(found));
            }
        }
    }

    /// Gives the decisions about the orders in `records` their lines, and the orders what was
    /// promised to them.
    async fn fill_in(&self, records: impl Iterator<Item = &Record>) -> Result<(), RecoveryError> {
        // What can't be read was not decided either.
        let orders: BTreeMap<OrderId, Vec<Demand>> = records
            .filter(|record| record.is::<OrderCreate>())
            .filter_map(|record| decode::<OrderCreate>(record).ok())
            .map(|order| (order.event.order_id, demands(&order.event)))
            .collect();
        if orders.is_empty() {
            return Ok(());
        }
        let mut work = FillIn { of: self, orders };
        Ok(transact(&self.recovery.database, &mut work).await?)
    }
}

impl Recover for ProductRecovery {
    fn topics(&self) -> Vec<&'static str> {
        // Products first: what is given to orders is taken from what was put in.
        vec![topics::PRODUCTS, topics::ORDER_STATUS]
    }

    fn recover<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RecoveryError>> {
        Box::pin(self.recover(records))
    }

    fn conclude<'a>(&'a self, topics: &'a TopicReader) -> BoxFuture<'a, Result<(), RecoveryError>> {
        Box::pin(self.conclude(topics))
    }
}

/// Products in the newest version that was published.
struct RecoverProducts<'a> {
    of: &'a ProductRecovery,
    said: BTreeMap<ProductId, ProductState>,
}

impl Work<ShopDatabase> for RecoverProducts<'_> {
    type Output = usize;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<usize, StoreError> {
        let recovery = &self.of.recovery;
        let known = recovery.balances(tx, self.said.keys().copied()).await?;
        let mut newer = Vec::new();
        for (id, state) in &self.said {
            let balance = match known.get(id) {
                Some(held) if held.version >= state.version => continue,
                Some(held) => held.balance,
                None => StockBalance::default(),
            };
            let name_key = self.name_key(tx, state).await?;
            // An event of an older build does not say it; then no raise since is known of.
            let at_least = balance.stocked.max(state.quantity.into());
            let balance = balance.put_in(state.stocked.unwrap_or(at_least));
            newer.push((state, name_key, balance));
        }
        if !newer.is_empty() {
            recovery.remake(tx, &newer, self.of.clock.now()).await?;
        }
        Ok(newer.len())
    }
}

impl RecoverProducts<'_> {
    /// The key of the product's name that no other product has. One of an older build may have kept its
    /// former one.
    async fn name_key(&self, tx: &mut MongoTx, state: &ProductState) -> Result<String, StoreError> {
        let database = &self.of.recovery.database;
        let (key, former) = (names::key(&state.name), names::former_key(&state.name));
        let mut taken = None;
        for name_key in [key, former] {
            match database.product_by_name_key(tx, &name_key).await? {
                Some(other) if other.product_id != state.product_id => taken = Some(other),
                _ => return Ok(name_key),
            }
        }
        let other = taken.map(|other| other.product_id.to_string());
        Err(StoreError::permanent(format!(
            "product {} (\"{}\") was published, and this database has another one of that name, {}: it was \
             changed after it was restored. Restore it once more and start the service before anything \
             else",
            state.product_id,
            state.name,
            other.unwrap_or_default()
        )))
    }
}

/// Decisions that were published, without their lines.
struct RecoverDecisions<'a> {
    of: &'a ProductRecovery,
    decisions: BTreeMap<OrderId, StockDecision>,
}

impl Work<ShopDatabase> for RecoverDecisions<'_> {
    type Output = usize;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<usize, StoreError> {
        let recovery = &self.of.recovery;
        let kept = recovery.decided(tx, self.decisions.keys().copied()).await?;
        let mut missing = Vec::new();
        for (id, said) in &self.decisions {
            match kept.get(id) {
                None => missing.push(said.clone()),
                Some(event_id) if *event_id != said.event_id => {
                    tracing::error!(
                        target: "order", order_id = %id, kept = %event_id, said = %said.event_id,
                        "the decision that is kept is not the one that was published"
                    );
                }
                Some(_) => {}
            }
        }
        if !missing.is_empty() {
            recovery.announce(tx, &missing).await?;
        }
        Ok(missing.len())
    }
}

/// What cancelled orders give back.
struct ReleaseCancelled<'a> {
    of: &'a ProductRecovery,
    orders: Vec<OrderId>,
}

impl Work<ShopDatabase> for ReleaseCancelled<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let ProductRecovery { recovery, clock } = self.of;
        let held = recovery.held(tx, self.orders.iter().copied()).await?;
        // One that has no lines yet is given nothing, once it has them.
        let mut returned: BTreeMap<ProductId, u64> = BTreeMap::new();
        for line in held.iter().flat_map(|kept| &kept.decision.lines) {
            *returned.entry(line.product_id).or_default() += line.quantity;
        }
        let known = recovery.balances(tx, returned.keys().copied()).await?;
        let changed = known.iter().map(|(id, known)| {
            let count = returned.get(id).copied().unwrap_or_default();
            (*id, known.balance.give_back(count))
        });
        recovery.write_balances(tx, &changed.collect()).await?;
        let orders: Vec<OrderId> = held.iter().map(|kept| kept.decision.order_id).collect();
        let database = &recovery.database;
        match orders.as_slice() {
            [] => Ok(()),
            orders => database.mark_released(tx, orders, clock.now()).await,
        }
    }
}

/// The lines of decisions, and the stock that they took.
struct FillIn<'a> {
    of: &'a ProductRecovery,
    orders: BTreeMap<OrderId, Vec<Demand>>,
}

impl Work<ShopDatabase> for FillIn<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let recovery = &self.of.recovery;
        let announced = recovery.announced(tx, self.orders.keys().copied()).await?;
        let mut lines = BTreeMap::new();
        let mut given: BTreeMap<ProductId, u64> = BTreeMap::new();
        for stock_decision in announced {
            let released = stock_decision.released_at.is_some();
            let Decision {
                order_id, outcome, ..
            } = stock_decision.decision;
            let Some(wanted) = self.orders.get(&order_id) else {
                continue;
            };
            if outcome == Outcome::Accepted && !released {
                for line in wanted {
                    *given.entry(line.product_id).or_default() += line.quantity;
                }
            }
            lines.insert(order_id, wanted.clone());
        }
        if lines.is_empty() {
            return Ok(());
        }
        recovery.fill_in(tx, &lines).await?;
        let known = recovery.balances(tx, given.keys().copied()).await?;
        let mut changed = BTreeMap::new();
        for (id, count) in given {
            let Some(Known { balance, .. }) = known.get(&id) else {
                return Err(StoreError::permanent(format!(
                    "an order was promised product {id}, which is neither in this database nor in {}",
                    topics::PRODUCTS
                )));
            };
            changed.insert(id, balance.give(count));
        }
        recovery.write_balances(tx, &changed).await
    }
}

/// Products that changed without an event.
struct Republish<'a> {
    of: &'a ProductRecovery,
    products: Vec<ProductId>,
}

impl Work<ShopDatabase> for Republish<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let ProductRecovery { recovery, clock } = self.of;
        let mut out = EventCollector::new(NAME, clock.as_ref());
        for product in recovery.renew(tx, &self.products).await? {
            let update = ProductsQuantityUpdate { product };
            out.push(&update, MessageContext::default())
                .map_err(StoreError::permanent)?;
        }
        out.write(&recovery.database, tx).await.map(drop)
    }
}
