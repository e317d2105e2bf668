//! What an order that is not settled waits for.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use events::{OrderId, topics};
use futures::TryStreamExt;
use jiff::Timestamp;
use outbox::kafka::TopicReader;
use outbox::mongo::MongoDatabase;
use outbox::{DeadLetter, DeadLetterStore, InboxStore, TopicPartition};
use serde::Serialize;

use super::sources::{Found, records_of, unsent};

/// What an order waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "waits_for", rename_all = "kebab-case")]
pub(crate) enum Wait {
    /// Its `OrderCreate` is in orders' outbox.
    OrdersOutbox,
    /// Its `OrderCreate` is published; products has not come to it.
    Products {
        /// Where it lies.
        place: String,
        /// How many records of its partition come first, it included.
        behind: i64,
    },
    /// A message of it is dead-lettered.
    DeadLetter {
        /// The dead letter, its own or the one that it waits behind.
        letter: String,
        /// Why that one is dead-lettered.
        reason: String,
    },
    /// It is decided; the decision is in products' outbox.
    ProductsOutbox,
    /// The decision is published; orders has not come to it.
    Orders {
        /// Where it lies.
        place: String,
        /// How many records of its partition come first, it included.
        behind: i64,
    },
    /// Kafka can't be read, so it is unknown.
    Unknown,
    /// Nothing that will ever come: a violation.
    Lost {
        /// What is missing.
        missing: &'static str,
    },
}

impl Wait {
    /// In a sentence.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::OrdersOutbox => {
                "its OrderCreate is in orders' outbox: does orders run, is Kafka up?".to_owned()
            }
            Self::Products { place, behind } => {
                format!("products is {behind} record(s) before its OrderCreate, {place}: does products run?")
            }
            Self::DeadLetter { letter, reason } => {
                format!("dead letter {letter}: {reason} (`quadrille dead-letters show {letter}`)")
            }
            Self::ProductsOutbox => {
                "it is decided; the decision is in products' outbox: does products run, is Kafka up?"
                    .to_owned()
            }
            Self::Orders { place, behind } => {
                format!("orders is {behind} record(s) before its decision, {place}: does orders run?")
            }
            Self::Unknown => "Kafka can't be read, so it is unknown".to_owned(),
            Self::Lost { missing } => {
                format!("VIOLATION: {missing}; it waits for nothing that will come (`quadrille audit`)")
            }
        }
    }

    /// The name of the kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::OrdersOutbox => "orders-outbox",
            Self::Products { .. } => "products",
            Self::DeadLetter { .. } => "dead-letter",
            Self::ProductsOutbox => "products-outbox",
            Self::Orders { .. } => "orders",
            Self::Unknown => "unknown",
            Self::Lost { .. } => "lost",
        }
    }
}

/// The services' databases and the topics.
pub(super) struct Shop {
    pub(super) orders: MongoDatabase,
    pub(super) products: MongoDatabase,
    pub(super) topics: TopicReader,
}

/// Everything that is known about some orders.
struct Traces {
    /// Keys whose `OrderCreate` is in orders' outbox, and whose decision is in products'.
    unsent: HashSet<String>,
    undelivered: HashSet<String>,
    /// The outboxes hold more than was looked at.
    more: bool,
    /// By key; `None` when Kafka can't be read.
    topics: Option<(HashMap<String, Found>, HashMap<String, Found>)>,
    decided: HashSet<OrderId>,
    checkpoints: HashMap<(&'static str, TopicPartition), i64>,
    /// By service and key: the dead letter that comes first.
    dead_letters: HashMap<(&'static str, String), DeadLetter>,
}

/// What each of `orders` waits for, the first of which was placed at `since`.
///
/// # Errors
/// When a database can't be read.
pub(super) async fn waits(
    shop: &Shop,
    orders: &[OrderId],
    since: Timestamp,
) -> anyhow::Result<Vec<Wait>> {
    let traces = Traces::find(shop, orders, since).await?;
    Ok(orders.iter().map(|id| traces.wait(*id)).collect())
}

impl Traces {
    /// Looks at an order's way from its end to its beginning: what moves on meanwhile is then
    /// found twice rather than nowhere.
    async fn find(shop: &Shop, orders: &[OrderId], since: Timestamp) -> anyhow::Result<Self> {
        let keys: HashSet<String> = orders.iter().map(ToString::to_string).collect();
        let mut checkpoints = HashMap::new();
        let mut dead_letters = HashMap::new();
        let services = [("orders", &shop.orders), ("products", &shop.products)];
        for (service, database) in services {
            for claim in database.checkpoints(service).await? {
                checkpoints.insert((service, claim.at), claim.next);
            }
            let filter = outbox::dead_letter::DeadLetterFilter {
                limit: 10_000,
                ..Default::default()
            };
            for view in database.lines(service, &filter).await? {
                if let Some(key) = view.dead_letter.record.key.clone() {
                    dead_letters.insert((service, key), view.dead_letter);
                }
            }
        }
        let undelivered = unsent(&shop.products, &keys).await?;
        let waiting = unsent(&shop.orders, &keys).await?;
        let mut decided = HashSet::new();
        for chunk in orders.chunks(1_000) {
            let mut found = products::audit_view(&shop.products)
                .stock_decisions_of(chunk)
                .await?;
            while let Some(kept) = found.try_next().await.context("a decision can't be read")? {
                decided.insert(kept.order_id);
            }
        }
        let keys_of = |messages: Vec<(Timestamp, outbox::Message)>| {
            messages
                .into_iter()
                .map(|(_, message)| message.key)
                .collect()
        };
        Ok(Self {
            more: undelivered.more || waiting.more,
            unsent: keys_of(waiting.messages),
            undelivered: keys_of(undelivered.messages),
            topics: published(shop, &keys, since).await,
            decided,
            checkpoints,
            dead_letters,
        })
    }

    fn wait(&self, id: OrderId) -> Wait {
        let key = id.to_string();
        for service in ["products", "orders"] {
            if let Some(letter) = self.dead_letters.get(&(service, key.clone())) {
                return Wait::DeadLetter {
                    letter: letter.id(),
                    reason: letter.reason.clone(),
                };
            }
        }
        let decided = self.decided.contains(&id);
        if decided && self.undelivered.contains(&key) {
            return Wait::ProductsOutbox;
        }
        if !decided && self.unsent.contains(&key) {
            return Wait::OrdersOutbox;
        }
        let Some((placed, said)) = &self.topics else {
            return Wait::Unknown;
        };
        if let Some(found) = said.get(&key) {
            let (place, behind) = self.before("orders", found);
            return if behind > 0 {
                Wait::Orders { place, behind }
            } else {
                self.lost("orders has handled its decision and it is still PENDING")
            };
        }
        if decided {
            return self
                .lost("it is decided, but the decision is neither published nor in the outbox");
        }
        if let Some(found) = placed.get(&key) {
            let (place, behind) = self.before("products", found);
            return if behind > 0 {
                Wait::Products { place, behind }
            } else {
                self.lost("products has handled its OrderCreate and decided nothing")
            };
        }
        self.lost("its OrderCreate is neither published nor in the outbox")
    }

    fn lost(&self, missing: &'static str) -> Wait {
        if self.more {
            // It may be in that part of an outbox that nobody looked at.
            return Wait::OrdersOutbox;
        }
        Wait::Lost { missing }
    }

    fn before(&self, service: &'static str, found: &Found) -> (String, i64) {
        let at = TopicPartition::new(&found.topic, found.partition);
        let place = format!("{at}@{}", found.offset);
        let next = self.checkpoints.get(&(service, at)).copied().unwrap_or(0);
        (place, (found.offset + 1 - next).max(0))
    }
}

/// The first `OrderCreate` and the first decision of each key; `None` when Kafka does not answer.
async fn published(
    shop: &Shop,
    keys: &HashSet<String>,
    since: Timestamp,
) -> Option<(HashMap<String, Found>, HashMap<String, Found>)> {
    let mut both = Vec::new();
    for topic in [topics::ORDERS, topics::ORDER_STATUS] {
        match records_of(&shop.topics, topic, keys, Some(since)).await {
            Ok(found) => both.push(found),
            Err(error) => {
                eprintln!("warning: {error}");
                return None;
            }
        }
    }
    let first = |found: Vec<Found>| {
        let mut by_key = HashMap::new();
        for found in found {
            by_key.entry(found.key.clone()).or_insert(found);
        }
        by_key
    };
    let said = both.pop().map(first)?;
    Some((both.pop().map(first)?, said))
}
