//! What the service takes back from its own topics when its database was restored from an older
//! backup (see [`outbox::relearn`]).
//!
//! 1. Each product as the newest event says, but for what is left of it: how many were put in is
//!    taken from the event, how many were given from the reservations.
//! 2. Each decision that was published: a reservation under the published event id, at its time.
//!    Its lines come from the `OrderCreate`, which lies at or after the restored checkpoint,
//!    since the order was not decided then; or which is parked.
//! 3. Products that changed on the way are said once more, in the next version. What the restored
//!    outbox still has to say of them is older and leaves before.
//!
//! So whatever of the last events before the loss was published, and in whatever parts: what
//! was put in is what it was, every published promise is kept, and nothing is promised twice.
//! A decision that was not published is taken again.

mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;

use events::{
    OrderCreate, OrderId, OrderStatusUpdate, ProductCreate, ProductId, ProductState,
    ProductsQuantityUpdate, topics,
};
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use outbox::dead_letter::LetterFilter;
use outbox::handler::decode;
use outbox::kafka::TopicReader;
use outbox::mongo::MongoTx;
use outbox::relearn::MOST_AT_ONCE;
use outbox::{
    Clock, InboxStore, LetterStore, MessageContext, Outgoing, Record, Relearn, RelearnError,
    StoreError, Work, transact,
};

use self::reading::{decision, demands, is, own};
use crate::domain::{Books, Decision, Demand, Outcome};
use crate::name::NAME;
use crate::store::past::{Known, MongoPast};
use crate::store::{CatalogueStore, Reservation, ShopDatabase};

/// How many products are said once more in one transaction.
const AT_ONCE: i64 = 100;

/// Takes the service's own products and decisions back.
pub struct RelearnProducts {
    past: MongoPast,
    clock: Arc<dyn Clock>,
}

impl RelearnProducts {
    /// Puts what is missing into `database`.
    pub fn new(database: ShopDatabase, clock: Arc<dyn Clock>) -> Self {
        Self {
            past: MongoPast { database },
            clock,
        }
    }

    async fn learn(&self, records: &[Record]) -> Result<usize, RelearnError> {
        let mut said: BTreeMap<ProductId, ProductState> = BTreeMap::new();
        let mut decisions = BTreeMap::new();
        for record in records {
            let state = match own::<ProductCreate>(record)? {
                Some(create) => Some(create.event.product),
                None => own::<ProductsQuantityUpdate>(record)?.map(|news| news.event.product),
            };
            if let Some(state) = state {
                let newest = said.get(&state.product_id).map(|held| held.version);
                if newest.is_none_or(|version| version < state.version) {
                    said.insert(state.product_id, state);
                }
            } else if let Some(update) = own::<OrderStatusUpdate>(record)? {
                let decision = decision(&update)?;
                decisions.entry(update.event.order_id).or_insert(decision);
            }
        }
        let database = &self.past.database;
        let mut news = 0;
        if !said.is_empty() {
            let mut work = LearnProducts { of: self, said };
            news += transact(database, &mut work).await?;
        }
        if !decisions.is_empty() {
            let mut work = LearnDecisions {
                of: self,
                decisions,
            };
            news += transact(database, &mut work).await?;
        }
        Ok(news)
    }

    async fn conclude(&self, topics: &TopicReader) -> Result<(), RelearnError> {
        if !self.past.without_lines(1).await?.is_empty() {
            self.find_lines(topics).await?;
            self.find_parked_lines().await?;
        }
        loop {
            let products = self.past.to_be_said(AT_ONCE).await?;
            if products.is_empty() {
                return Ok(());
            }
            let mut work = SayAgain { of: self, products };
            transact(&self.past.database, &mut work).await?;
        }
    }

    /// Goes through the orders from the restored checkpoint on.
    async fn find_lines(&self, topics: &TopicReader) -> Result<(), RelearnError> {
        let group = NAME;
        let checkpoints = self.past.database.checkpoints(group).await?;
        let ends = topics.ends(topics::ORDERS).await?;
        let from = ends.iter().map(|end| {
            let known = checkpoints.iter().find(|claim| claim.at == end.at);
            let next = known.map_or(end.low, |claim| claim.next);
            // An end before the checkpoint is another topic than it was: all of it is read.
            let fits = (end.low..=end.high).contains(&next);
            (end.at.partition, if fits { next } else { end.low })
        });
        let to = ends.iter().map(|end| (end.at.partition, end.high));
        let mut chunks = topics
            .read(topics::ORDERS, &from.collect(), &to.collect())
            .try_ready_chunks(MOST_AT_ONCE);
        while let Some(chunk) = chunks.next().await {
            let records = chunk.map_err(|fault| fault.1)?;
            self.fill_in(records.iter()).await?;
        }
        Ok(())
    }

    /// Looks among the parked messages: an order that was parked when the backup was made, and
    /// decided after it.
    async fn find_parked_lines(&self) -> Result<(), RelearnError> {
        let database = &self.past.database;
        loop {
            let orders = self.past.without_lines(AT_ONCE).await?;
            let mut parked = Vec::new();
            for order in &orders {
                let filter = LetterFilter {
                    topic: Some(topics::ORDERS.to_owned()),
                    key: Some(order.to_string()),
                    limit: 1,
                };
                let lines = database.lines(NAME, &filter).await?;
                let Some(line) = lines.into_iter().next() else {
                    return Err(RelearnError::Impossible(format!(
                        "there is a decision about order {order}, and {} does not have that order \
                         from the restored checkpoint on. Restore an older backup",
                        topics::ORDERS
                    )));
                };
                parked.push(line.letter.record);
            }
            if parked.is_empty() {
                return Ok(());
            }
            self.fill_in(parked.iter()).await?;
            if let Some(order) = self.past.without_lines(1).await?.first()
                && orders.contains(order)
            {
                let found =
                    format!("order {order} was decided, and its parked message can't be read");
                return Err(RelearnError::Impossible(found));
            }
        }
    }

    /// Gives the decisions about the orders in `records` their lines, and the orders what was
    /// promised to them.
    async fn fill_in(&self, records: impl Iterator<Item = &Record>) -> Result<(), RelearnError> {
        // What can't be read was not decided either.
        let orders: BTreeMap<OrderId, Vec<Demand>> = records
            .filter(|record| is::<OrderCreate>(record))
            .filter_map(|record| decode::<OrderCreate>(record).ok())
            .map(|order| (order.event.order_id, demands(&order.event)))
            .collect();
        if orders.is_empty() {
            return Ok(());
        }
        let mut work = FillIn { of: self, orders };
        Ok(transact(&self.past.database, &mut work).await?)
    }
}

impl Relearn for RelearnProducts {
    fn topics(&self) -> Vec<&'static str> {
        // Products first: what is given to orders is taken from what was put in.
        vec![topics::PRODUCTS, topics::ORDER_STATUS]
    }

    fn learn<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RelearnError>> {
        Box::pin(self.learn(records))
    }

    fn conclude<'a>(&'a self, topics: &'a TopicReader) -> BoxFuture<'a, Result<(), RelearnError>> {
        Box::pin(self.conclude(topics))
    }
}

/// Products in the newest version that was published.
struct LearnProducts<'a> {
    of: &'a RelearnProducts,
    said: BTreeMap<ProductId, ProductState>,
}

impl Work<ShopDatabase> for LearnProducts<'_> {
    type Output = usize;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<usize, StoreError> {
        let past = &self.of.past;
        let known = past.books(tx, self.said.keys().copied()).await?;
        let mut newer = Vec::new();
        for (id, state) in &self.said {
            let books = match known.get(id) {
                Some(held) if held.version >= state.version => continue,
                Some(held) => held.books,
                None => {
                    self.may_be_added(tx, state).await?;
                    Books::default()
                }
            };
            // An event of an older build does not say it; then no raise since is known of.
            let at_least = books.stocked.max(state.quantity.into());
            newer.push((state, books.put_in(state.stocked.unwrap_or(at_least))));
        }
        if !newer.is_empty() {
            past.remake(tx, &newer, self.of.clock.now()).await?;
        }
        Ok(newer.len())
    }
}

impl LearnProducts<'_> {
    /// A name that another product has by now can't be given to this one.
    async fn may_be_added(&self, tx: &mut MongoTx, state: &ProductState) -> Result<(), StoreError> {
        let key = crate::domain::ProductName::key_of(&state.name);
        let database = &self.of.past.database;
        match database.product_by_name_key(tx, &key).await? {
            Some(other) if other.product_id != state.product_id => {
                Err(StoreError::permanent(format!(
                    "product {} (\"{}\") was published, and this database has another one of that \
                     name, {}: it was changed after it was restored. Restore it once more and \
                     start the service before anything else",
                    state.product_id, state.name, other.product_id
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Decisions that were published, without their lines.
struct LearnDecisions<'a> {
    of: &'a RelearnProducts,
    decisions: BTreeMap<OrderId, Reservation>,
}

impl Work<ShopDatabase> for LearnDecisions<'_> {
    type Output = usize;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<usize, StoreError> {
        let past = &self.of.past;
        let kept = past.decided(tx, self.decisions.keys().copied()).await?;
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
            past.announce(tx, &missing).await?;
        }
        Ok(missing.len())
    }
}

/// The lines of decisions, and the stock that they took.
struct FillIn<'a> {
    of: &'a RelearnProducts,
    orders: BTreeMap<OrderId, Vec<Demand>>,
}

impl Work<ShopDatabase> for FillIn<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let past = &self.of.past;
        let announced = past.announced(tx, self.orders.keys().copied()).await?;
        let mut lines = BTreeMap::new();
        let mut given: BTreeMap<ProductId, u64> = BTreeMap::new();
        for reservation in announced {
            let Decision {
                order_id, outcome, ..
            } = reservation.decision;
            let Some(wanted) = self.orders.get(&order_id) else {
                continue;
            };
            if outcome == Outcome::Accepted {
                for line in wanted {
                    *given.entry(line.product_id).or_default() += line.quantity;
                }
            }
            lines.insert(order_id, wanted.clone());
        }
        if lines.is_empty() {
            return Ok(());
        }
        past.fill_in(tx, &lines).await?;
        let known = past.books(tx, given.keys().copied()).await?;
        let mut changed = BTreeMap::new();
        for (id, count) in given {
            let Some(Known { books, .. }) = known.get(&id) else {
                return Err(StoreError::permanent(format!(
                    "an order was promised product {id}, which is neither in this database nor in {}",
                    topics::PRODUCTS
                )));
            };
            changed.insert(id, books.give(count));
        }
        past.write_books(tx, &changed).await
    }
}

/// Products that changed without anyone having been told.
struct SayAgain<'a> {
    of: &'a RelearnProducts,
    products: Vec<ProductId>,
}

impl Work<ShopDatabase> for SayAgain<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let RelearnProducts { past, clock } = self.of;
        let mut out = Outgoing::new(NAME, clock.as_ref());
        for product in past.renew(tx, &self.products).await? {
            let news = ProductsQuantityUpdate { product };
            out.push(&news, MessageContext::default())
                .map_err(StoreError::permanent)?;
        }
        out.write(&past.database, tx).await.map(drop)
    }
}
