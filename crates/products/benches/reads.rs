//! What a page of the catalogue costs, from memory and from the database; and what it costs a
//! change to tell of itself.
//!
//! On a real MongoDB, which is started for it:
//! `cargo bench -p products --bench reads -- [PRODUCTS]`, 10,000 of them unless said otherwise.
//! Both ways are measured in turn in one run, so that their ratio means something.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that can't go on has failed"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use events::Money;
use events::money::DEFAULT_CURRENCY;
use futures::future::join_all;
use outbox::mongo::MongoDatabase;
use outbox::{MessageContext, SystemClock};
use products::catalogue::MemoryCatalogue;
use products::commands::{create_category, create_product, restock};
use products::domain::{CategoryName, Draft, DraftFields};
use products::store::{Catalogue, Filter, Listing, Sort};
use testkit::TestEnvironment;

const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: u32 = 3;

#[tokio::main]
async fn main() {
    // What cargo and criterion pass to a benchmark begins with a dash.
    let asked = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let count: usize = asked.map_or(10_000, |text| text.parse().unwrap());
    let environment = TestEnvironment::new().await;
    let database = environment.database("products").await;
    host::prepare::<products::Products>(&database)
        .await
        .unwrap();
    fill(&database, count).await;

    let memory = MemoryCatalogue::new(database.clone());
    let before = resident();
    let began = Instant::now();
    assert!(memory.load().await);
    let (products, bytes) = memory.size();
    println!(
        "{products} products: {} kB in memory by our count, {} kB by the system's, read in {:?}",
        bytes / 1_000,
        resident().saturating_sub(before),
        began.elapsed()
    );
    for readers in [1, 8, 32] {
        for round in 1..=ROUNDS {
            let from_memory = pages(&memory, readers).await;
            let from_database = pages(&database, readers).await;
            println!(
                "{readers} readers, round {round}: {from_memory:.0} pages/s from memory, \
                 {from_database:.0} from the database, {:.1} times",
                from_memory / from_database
            );
        }
    }
    changes(&database).await;
}

/// What this process has in memory, in kB; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Pages of 50 in a second when `readers` ask for one after another.
async fn pages<C: Catalogue>(catalogue: &C, readers: usize) -> f64 {
    let until = Instant::now() + ROUND;
    let reader = || {
        let catalogue = catalogue.clone();
        tokio::spawn(async move {
            let mut read = 0_u32;
            let mut listing = Listing {
                filter: Filter::default(),
                sort: Sort::Name,
                after: None,
                size: 50,
            };
            while Instant::now() < until {
                let page = catalogue.list(&listing).await.unwrap();
                assert!(!page.products.is_empty());
                // A few pages on, then from the start: as people do.
                listing.after = page.next.filter(|_| !(read + 1).is_multiple_of(4));
                read += 1;
            }
            read
        })
    };
    let readers = join_all((0..readers).map(|_| reader())).await;
    let read: u32 = readers.into_iter().map(Result::unwrap).sum();
    f64::from(read) / ROUND.as_secs_f64()
}

/// What a transaction that changes a product takes, and what telling of it does by itself.
async fn changes(database: &MongoDatabase) {
    const TIMES: u32 = 300;
    let clock = SystemClock;
    let fields = DraftFields {
        name: "measured",
        description: "d",
        price: "1",
        quantity: 1,
        categories: &["books".to_owned()],
    };
    let draft = Draft::new(&fields).unwrap();
    let made = create_product(database, &clock, MessageContext::default(), draft).await;
    let id = made.unwrap().product_id;
    let began = Instant::now();
    for _ in 0..TIMES {
        let context = MessageContext::default();
        restock(database, &clock, context, id, 1).await.unwrap();
    }
    println!("a raise of stock: {:?}", began.elapsed() / TIMES);
    for ids in [1, 16, 250] {
        // The statement as it is in `store/changes.rs`, outside of any transaction.
        let (more, kept) = ("x".repeat(22 * ids), 22 * (8 * ids).clamp(256, 4_096));
        let all = doc! { "$concat": [{ "$literal": more }, { "$ifNull": ["$ids", ""] }] };
        let ids_now = doc! { "$substrBytes": [all, 0, i64::try_from(kept).unwrap()] };
        let statement = doc! {
            "q": { "_id": 1_000 }, "u": [{ "$set": { "ids": ids_now } }], "upsert": true,
        };
        let command = doc! {
            "update": "product_changes", "updates": [statement],
            "writeConcern": { "w": 1, "j": false },
        };
        let began = Instant::now();
        for _ in 0..TIMES {
            let done = database.database().run_command(command.clone()).await;
            done.unwrap();
        }
        println!("telling of {ids} products: {:?}", began.elapsed() / TIMES);
    }
    let began = Instant::now();
    for _ in 0..TIMES {
        database.ping().await.unwrap();
    }
    println!("of which a round trip is: {:?}", began.elapsed() / TIMES);
}

async fn fill(database: &MongoDatabase, count: usize) {
    let category = CategoryName::new("books").unwrap();
    let clock = Arc::new(SystemClock);
    create_category(database, clock.as_ref(), category)
        .await
        .unwrap();
    let products = database.database().collection::<Document>("products");
    let product = |n: usize| {
        let name = format!("Product {}", n * 7_919 % count);
        let minor = i64::try_from(n % 5_000).unwrap();
        let price = bson::serialize_to_bson(&Money::new(minor, DEFAULT_CURRENCY)).unwrap();
        doc! {
            "_id": bson::Uuid::new(), "name_key": events::names::key(&name), "name": name,
            "description": "A hundred signs are what a shop says of a thing that it sells, more \
                            or less; some say more.",
            "price": price, "quantity": 5_i64, "stocked": 5_i64, "version": 1_i64,
            "categories": ["books"], "created_at": bson::DateTime::now(),
        }
    };
    // Few at once, so that what is measured later is not what is left of them.
    for first in (0..count).step_by(1_000) {
        let some = (first..count.min(first + 1_000)).map(product);
        products.insert_many(some).await.unwrap();
    }
}
