//! The catalogue in memory: a page without a query.
//!
//! **Flow.** All products are read once. From then on each reader asks the database what was
//! committed since (`ProductChanges`), by whichever instance, reads just those products
//! again, and is served from memory. Readers who come together share one look.
//!
//! **Never old.** A look begins after its reader has asked, and reads what a majority has: a
//! page shows every change whose commit was acknowledged before, by whatever way the reader
//! knows of it. There is no event to be missed and no interruption to be handled: a refresh
//! that fails is no look.
//!
//! **Otherwise the database answers,** slower and as right: while the products are read, when
//! more changed than the database remembers, and when they are too many for memory.

mod index;
mod page_scan;
mod single_flight;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use events::{ProductId, ProductState};
use metrics::{Counter, Unit, counter, describe_counter};
use outbox::StoreError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::index::CatalogueIndex;
use self::page_scan::PageScan;
use self::single_flight::SingleFlight;
use self::view::{Held, View};
use crate::domain::CategoryName;
use crate::store::changes::ProductChanges;
use crate::store::{Catalogue, Listed, Listing, Page, ShopDatabase};

/// The most bytes that the products may take, by our count; the system counts a third more. Some
/// 170,000 with descriptions of 100 signs.
const MOST_BYTES: usize = 96 * 1024 * 1024;
/// How often it is looked without a reader, so that no more changes than are remembered; only
/// while there are readers.
const REFRESH_EVERY: Duration = Duration::from_millis(100);
/// How long after the last reader there may be another one.
const READERS_LINGER: Duration = Duration::from_secs(30);
/// The least time from one reading of all products to the next.
const LOAD_EVERY: Duration = Duration::from_secs(1);
/// The same when they were too many: that takes a while to change.
const TRY_ROOM_EVERY: Duration = Duration::from_mins(10);

/// The products of a database, kept in memory. Clones share them.
#[derive(Clone)]
pub struct MemoryCatalogue {
    inner: Arc<Inner>,
}

struct Inner {
    held: Held,
    single_flight: SingleFlight,
    /// When somebody asked last.
    read: Mutex<Option<Instant>>,
    /// Until when nobody is to begin to read all products.
    rests: Mutex<Option<Instant>>,
    loading: AtomicBool,
    reads: Reads,
}

/// How many reads were answered from where.
struct Reads {
    memory: Counter,
    database: Counter,
}

impl Reads {
    fn new() -> Self {
        const NAME: &str = "catalogue_reads_total";
        describe_counter!(
            NAME,
            Unit::Count,
            "Readings of the catalogue, by where its products were found"
        );
        let from = |place: &'static str| {
            let reads = counter!(NAME, "from" => place);
            // It is there before the first one.
            reads.increment(0);
            reads
        };
        Self {
            memory: from("memory"),
            database: from("database"),
        }
    }
}

impl MemoryCatalogue {
    /// The catalogue of `database`. Nothing is read until somebody asks.
    pub fn new(database: ShopDatabase) -> Self {
        Self::with_room(database, MOST_BYTES)
    }

    /// The same, with products of at most about `bytes` in memory.
    pub fn with_room(database: ShopDatabase, bytes: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                held: Held::new(ProductChanges { database }, bytes),
                single_flight: SingleFlight::default(),
                read: Mutex::default(),
                rests: Mutex::default(),
                loading: AtomicBool::default(),
                reads: Reads::new(),
            }),
        }
    }

    /// Keeps the products at hand until `stop`, so that readers find them there.
    pub async fn keep(&self, stop: CancellationToken) {
        let keeping = async {
            let mut ticks = tokio::time::interval(REFRESH_EVERY);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut first = true;
            loop {
                ticks.tick().await;
                if first || self.inner.has_readers() {
                    // A reader who finds nothing begins the next reading of all.
                    first = !self.load().await;
                    self.is_fresh().await;
                }
            }
        };
        stop.run_until_cancelled(keeping).await;
    }

    /// Reads all products, unless they are in memory already or somebody else reads them;
    /// whether they are in memory.
    pub async fn load(&self) -> bool {
        if self.inner.held.view().is_some() {
            return true;
        }
        let rests = lock(&self.inner.rests).is_some_and(|until| Instant::now() < until);
        if rests || self.inner.loading.swap(true, Ordering::AcqRel) {
            return false;
        }
        // Given back in any case, also when this future is dropped.
        let _loading = Loading(&self.inner);
        let outcome = self.inner.held.load().await;
        let pause = if matches!(outcome, Ok(None)) {
            TRY_ROOM_EVERY
        } else {
            LOAD_EVERY
        };
        *lock(&self.inner.rests) = Some(Instant::now() + pause);
        match outcome {
            Ok(view) => {
                let loaded = view.is_some();
                self.inner.held.put(view);
                loaded
            }
            Err(fault) => {
                tracing::debug!(%fault, "the catalogue can't be read into memory yet");
                false
            }
        }
    }

    /// The page that `listing` asks for, if it can be told from memory.
    pub async fn page(&self, listing: &Listing) -> Option<Page> {
        if !self.asked().await {
            return None;
        }
        let mut page = PageScan::new(listing)?;
        while !page.go_on(&self.inner.held.view().as_ref()?.index) {
            tokio::task::yield_now().await;
        }
        Some(page.into_page())
    }

    /// How many products are in memory, and about how many bytes they take.
    pub fn size(&self) -> (usize, usize) {
        let view = self.inner.held.view();
        view.as_ref()
            .map_or((0, 0), |view| (view.index.len(), view.index.bytes()))
    }

    /// What `find` finds in memory; `None` when memory can't tell.
    async fn one(
        &self,
        find: impl FnOnce(&CatalogueIndex) -> Option<&Arc<Listed>>,
    ) -> Option<Option<ProductState>> {
        if !self.asked().await {
            return None;
        }
        let view = self.inner.held.view();
        let found = find(&view.as_ref()?.index);
        Some(found.map(|listed| listed.product.clone()))
    }

    /// Whether a reader who comes now can be told from memory.
    async fn asked(&self) -> bool {
        *lock(&self.inner.read) = Some(Instant::now());
        let fresh = self.is_fresh().await;
        if fresh {
            self.inner.reads.memory.increment(1);
        } else {
            self.inner.reads.database.increment(1);
            let catalogue = self.clone();
            tokio::spawn(async move { catalogue.load().await });
        }
        fresh
    }

    /// Whether memory has all that was committed when this was called.
    async fn is_fresh(&self) -> bool {
        if self.inner.held.view().is_none() {
            return false;
        }
        let inner = &self.inner;
        inner.single_flight.shared(|| inner.held.refresh()).await
    }

    fn database(&self) -> &ShopDatabase {
        &self.inner.held.changes.database
    }
}

impl Inner {
    fn has_readers(&self) -> bool {
        lock(&self.read).is_some_and(|at| at.elapsed() < READERS_LINGER)
    }
}

/// Somebody reads all products.
struct Loading<'a>(&'a Inner);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.0.loading.store(false, Ordering::Release);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Each holds one value, so a panic leaves none half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Catalogue for MemoryCatalogue {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        match self.page(listing).await {
            Some(page) => Ok(page),
            None => self.database().list(listing).await,
        }
    }

    async fn find_by_id(&self, id: ProductId) -> Result<Option<ProductState>, StoreError> {
        match self.one(|index| index.by_id(id)).await {
            Some(found) => Ok(found),
            None => self.database().find_by_id(id).await,
        }
    }

    async fn find_by_name(&self, name: &str) -> Result<Option<ProductState>, StoreError> {
        match self.one(|index| index.by_name(name)).await {
            Some(found) => Ok(found),
            None => self.database().find_by_name(name).await,
        }
    }

    async fn category(&self, name: &CategoryName) -> Result<Option<CategoryName>, StoreError> {
        // One that has a product is never taken back.
        let known = |view: &View| view.index.has_category(name);
        if self.inner.held.view().as_ref().is_some_and(known) {
            return Ok(Some(name.clone()));
        }
        self.database().category(name).await
    }

    async fn categories(&self) -> Result<Vec<String>, StoreError> {
        self.database().categories().await
    }
}
