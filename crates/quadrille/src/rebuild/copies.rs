//! The local copies that services keep of others' data.
//!
//! **How to add one.** Its collections, comparison and swap in the store of the service that
//! keeps it; an `impl Beside` and a line in [`ALL`] here.

use anyhow::Context;
use events::{ProductCreate, ProductState, ProductsQuantityUpdate, topics};
use futures::FutureExt;
use futures::future::BoxFuture;
use orders::store::rebuild::{Difference, Live, ProductCopies};
use outbox::handler::decode;
use outbox::mongo::MongoDatabase;
use outbox::{Event, Record};

/// An empty copy beside a live one, once its collection is made.
type Begun = BoxFuture<'static, anyhow::Result<Box<dyn Beside>>>;

/// A copy that can be rebuilt.
pub(super) struct LocalCopy {
    /// Its name: who keeps it, and of what.
    pub(super) name: &'static str,
    /// The service that keeps it.
    pub(super) service: &'static str,
    /// The owner's topic.
    pub(super) topic: &'static str,
    /// Begins an empty one beside it.
    pub(super) begin: fn(MongoDatabase) -> Begun,
}

/// Every copy that can be rebuilt.
const ALL: &[LocalCopy] = &[LocalCopy {
    name: "orders.products",
    service: "orders",
    topic: topics::PRODUCTS,
    begin: |database| {
        async move {
            let copies = ProductCopies::begin(&database).await?;
            let beside: Box<dyn Beside> = Box::new(Products {
                copies,
                last: Vec::new(),
            });
            Ok(beside)
        }
        .boxed()
    },
}];

/// The copy `name`.
///
/// # Errors
/// When there is none; the text names those that there are.
pub(super) fn named(name: &str) -> anyhow::Result<&'static LocalCopy> {
    let known: Vec<&str> = ALL.iter().map(|copy| copy.name).collect();
    ALL.iter()
        .find(|copy| copy.name == name)
        .with_context(|| format!("there is no copy {name:?}; there are: {}", known.join(", ")))
}

/// A document that is not what the topic says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// Which document, and what is live of it.
    live: String,
    /// What the topic says of it.
    built: String,
    /// Whether what was built is older than what is live, or knows nothing of it.
    pub(super) backward: bool,
}

impl Finding {
    /// Whether the same document was found with the same content. What the topic says of it may
    /// have changed: a service that had heard it would have written the document anew.
    pub(super) fn is_unchanged_in(&self, earlier: &[Self]) -> bool {
        earlier.iter().any(|earlier| earlier.live == self.live)
    }

    /// In a sentence.
    pub(super) fn text(&self) -> String {
        format!("{}; the topic says {}", self.live, self.built)
    }
}

/// A copy built beside the live one.
pub(super) trait Beside: Send {
    /// Takes over what the records say.
    fn take<'a>(&'a mut self, records: &'a [Record]) -> BoxFuture<'a, anyhow::Result<()>>;

    /// How many documents were built.
    fn built(&self) -> u64;

    /// What of the live copy differs.
    fn compare(&self) -> BoxFuture<'_, anyhow::Result<Vec<Finding>>>;

    /// Makes the live copy what was built; backward differences only if they are among `back`,
    /// which an earlier swap has left. Says what was taken over and what was left.
    fn swap<'a>(
        &'a mut self,
        topic: &'a str,
        back: &'a [Finding],
    ) -> BoxFuture<'a, anyhow::Result<(Vec<Finding>, Vec<Finding>)>>;

    /// Deletes what was built.
    fn discard(&self) -> BoxFuture<'_, anyhow::Result<()>>;
}

/// The product copies of orders.
struct Products {
    copies: ProductCopies,
    /// What the last swap left.
    last: Vec<Difference>,
}

impl Beside for Products {
    fn take<'a>(&'a mut self, records: &'a [Record]) -> BoxFuture<'a, anyhow::Result<()>> {
        async move {
            let states: Vec<_> = records.iter().filter_map(product_state).collect();
            Ok(self.copies.take(&states).await?)
        }
        .boxed()
    }

    fn built(&self) -> u64 {
        self.copies.built() as u64
    }

    fn compare(&self) -> BoxFuture<'_, anyhow::Result<Vec<Finding>>> {
        async move { Ok(findings(&self.copies.compare().await?)) }.boxed()
    }

    fn swap<'a>(
        &'a mut self,
        topic: &'a str,
        back: &'a [Finding],
    ) -> BoxFuture<'a, anyhow::Result<(Vec<Finding>, Vec<Finding>)>> {
        async move {
            let allowed = |difference: &&Difference| back.contains(&finding(difference));
            let back: Vec<Difference> = self.last.iter().filter(allowed).cloned().collect();
            let swapped = self.copies.swap(topic, &back).await?;
            let outcome = (findings(&swapped.taken), findings(&swapped.left));
            self.last = swapped.left;
            Ok(outcome)
        }
        .boxed()
    }

    fn discard(&self) -> BoxFuture<'_, anyhow::Result<()>> {
        async move { Ok(self.copies.discard().await?) }.boxed()
    }
}

/// What a record says of a product. What can't be read is passed over: the service dead-letters it.
fn product_state(record: &Record) -> Option<ProductState> {
    let (_, event_type) = record.headers.iter().find(|(name, _)| name == "ce_type")?;
    if event_type == ProductCreate::TYPE.as_bytes() {
        Some(decode::<ProductCreate>(record).ok()?.event.product)
    } else if event_type == ProductsQuantityUpdate::TYPE.as_bytes() {
        Some(decode::<ProductsQuantityUpdate>(record).ok()?.event.product)
    } else {
        None
    }
}

fn findings(differences: &[Difference]) -> Vec<Finding> {
    differences.iter().map(finding).collect()
}

fn finding(difference: &Difference) -> Finding {
    let said = |copy: &orders::domain::ProductCopy| {
        format!(
            "{:?}, {} left for {} at version {}",
            copy.name, copy.quantity, copy.price, copy.version
        )
    };
    let live = match &difference.live {
        Live::Missing => "nothing".to_owned(),
        Live::Unreadable => "a document that can't be read".to_owned(),
        Live::Copy(copy) => said(copy),
    };
    let built = difference
        .built
        .as_ref()
        .map_or_else(|| "nothing".to_owned(), said);
    Finding {
        live: format!("product {}: live is {live}", difference.id),
        built,
        backward: difference.goes_back(),
    }
}
