//! The catalogue in memory says what the database says, at every moment.

mod alike;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bson::{Document, doc};
use events::{ProductId, ProductState};
use outbox::mongo::{MongoDatabase, MongoOptions};
use outbox::{Database, MessageContext};
use products::catalogue::MemoryCatalogue;
use products::commands::{create_category, create_product, restock};
use products::domain::CategoryName;
use products::store::{Catalogue, CatalogueStore, Filter, Listing, Sort};
use testkit::eventually;
use testkit::faults::{Fault, MongoProxy, Trouble, When};

use crate::counter::Counter;
use crate::fixture::{Shop, draft, handle, order};

fn listing(sort: Sort, size: u32) -> Listing {
    Listing {
        filter: Filter::default(),
        sort,
        after: None,
        size,
    }
}

/// Another instance's connection to the shop's database.
async fn elsewhere(shop: &Shop) -> MongoDatabase {
    let name = shop.environment.database_name("products");
    MongoDatabase::connect(
        shop.environment.mongodb_uri(),
        &name,
        MongoOptions::default(),
    )
    .await
    .unwrap()
}

/// A catalogue in memory that has read all there is.
pub(crate) async fn loaded(database: MongoDatabase) -> MemoryCatalogue {
    let catalogue = MemoryCatalogue::new(database);
    assert!(catalogue.load().await);
    catalogue
}

/// The first page, which has to come from memory.
async fn first(catalogue: &MemoryCatalogue) -> Vec<ProductState> {
    let page = catalogue.page(&listing(Sort::Name, 200)).await;
    page.expect("memory can tell").products
}

async fn quantity(catalogue: &MemoryCatalogue, id: ProductId) -> Option<u32> {
    let products = first(catalogue).await;
    let found = products.iter().find(|product| product.product_id == id);
    found.map(|product| product.quantity)
}

#[tokio::test]
async fn a_change_by_any_instance_is_on_the_next_page() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 9).await.product_id;
    let (here, there) = (elsewhere(&shop).await, elsewhere(&shop).await);
    let both = [loaded(here.clone()).await, loaded(there.clone()).await];
    let clock = shop.clock.as_ref();
    let context = MessageContext::default;
    let mut expected = 9;
    for writer in [&here, &there, &here] {
        restock(writer, clock, context(), cup, 5).await.unwrap();
        expected += 5;
        for reader in &both {
            assert_eq!(quantity(reader, cup).await, Some(expected));
        }
        handle(
            writer,
            &shop.clock,
            &[order(&[(cup, 2)]), order(&[(cup, 1)])],
        )
        .await
        .unwrap();
        expected -= 3;
        for reader in &both {
            assert_eq!(quantity(reader, cup).await, Some(expected));
        }
        let name = format!("new {expected}");
        let made = create_product(writer, clock, context(), draft(&name, "1", 4)).await;
        let made = made.unwrap();
        for reader in &both {
            assert!(first(reader).await.contains(&made), "{name}");
            assert_eq!(
                reader.find_by_id(made.product_id).await.unwrap(),
                Some(made.clone())
            );
            assert_eq!(
                reader.find_by_name(&name).await.unwrap(),
                Some(made.clone())
            );
            let shouted = name.to_uppercase();
            assert_eq!(
                reader.find_by_name(&shouted).await.unwrap(),
                Some(made.clone())
            );
            assert_eq!(reader.find_by_name("news").await.unwrap(), None);
        }
    }
    let garden = CategoryName::new("garden").unwrap();
    create_category(&here, clock, garden.clone()).await.unwrap();
    let asked = CategoryName::asked(" GARDEN");
    assert_eq!(both[1].category(&asked).await.unwrap(), Some(garden));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_is_older_than_an_acknowledged_change() {
    const CHANGES: u64 = 120;
    let shop = Shop::open().await;
    let cup = shop.product("cup", 1_000).await;
    let id = cup.product_id;
    let acknowledged = Arc::new(AtomicU64::new(cup.version));
    let reader = loaded(elsewhere(&shop).await).await;
    let mut writers = Vec::new();
    for _ in 0..2 {
        let (writer, clock) = (elsewhere(&shop).await, shop.clock.clone());
        let acknowledged = acknowledged.clone();
        writers.push(tokio::spawn(async move {
            for _ in 0..CHANGES / 2 {
                let context = MessageContext::default();
                let restocked = restock(&writer, clock.as_ref(), context, id, 1).await;
                acknowledged.fetch_max(restocked.unwrap().version, Ordering::SeqCst);
            }
        }));
    }
    let readers = (0..4).map(|_| {
        let (reader, acknowledged) = (reader.clone(), acknowledged.clone());
        tokio::spawn(async move {
            let mut pages = 0_u32;
            let mut last = 0;
            while last < cup.version + CHANGES {
                let known = acknowledged.load(Ordering::SeqCst);
                let product = first(&reader).await.remove(0);
                assert!(
                    product.version >= known.max(last),
                    "version {} on a page, {known} acknowledged, {last} seen",
                    product.version
                );
                last = product.version;
                pages += 1;
            }
            pages
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        assert!(reader.await.unwrap() > 0);
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn while_the_database_can_not_say_what_changed_it_answers_itself() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 9).await.product_id;
    let proxy = MongoProxy::new(shop.environment.mongodb_uri()).await;
    let name = shop.environment.database_name("products");
    let reader = loaded(proxy.database(&name).await).await;
    assert_eq!(quantity(&reader, cup).await, Some(9));
    // The driver asks twice.
    for trouble in [
        (Fault::Closed, 2),
        (Fault::Refused(91), 2),
        (Fault::Silent, 1),
    ] {
        let (fault, times) = trouble;
        let before = quantity(&reader, cup).await.unwrap();
        proxy.arm(When::Named("find", 0), Trouble { fault, times });
        let context = MessageContext::default();
        restock(&shop.database, shop.clock.as_ref(), context, cup, 1)
            .await
            .unwrap();
        let page = reader.list(&listing(Sort::Name, 10)).await.unwrap();
        assert_eq!(page.products[0].quantity, before + 1, "{fault}");
        assert_eq!(proxy.met(), times, "{fault}");
        proxy.rest();
        assert_eq!(quantity(&reader, cup).await, Some(before + 1), "{fault}");
    }
}

#[tokio::test]
async fn who_has_fallen_behind_reads_all_anew() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 1_000).await.product_id;
    let mut lines = vec![(cup, 1)];
    for n in 0..60 {
        lines.push((shop.product(&format!("p {n}"), 1_000).await.product_id, 1));
    }
    let reader = loaded(elsewhere(&shop).await).await;
    // Each batch of so many products counts for itself; of the latest eight all are remembered.
    for _ in 0..100 {
        handle(&shop.database, &shop.clock, &[order(&lines)])
            .await
            .unwrap();
    }
    let asked = listing(Sort::Name, 10);
    assert_eq!(reader.page(&asked).await, None, "too much");
    let page = reader.list(&asked).await.unwrap();
    assert_eq!(page.products[0].quantity, 900);
    back_in_memory(&reader).await;
    assert_eq!(quantity(&reader, cup).await, Some(900));

    // As after a restore, or when somebody wants all to be read anew.
    let changes = shop
        .database
        .database()
        .collection::<Document>("product_changes");
    let reset = doc! { "$set": { "count": 0_i64 } };
    changes.update_many(doc! {}, reset).await.unwrap();
    assert_eq!(reader.page(&asked).await, None, "other tables");
    back_in_memory(&reader).await;
    assert_eq!(quantity(&reader, cup).await, Some(900));
}

#[tokio::test]
async fn transactions_that_change_other_products_do_not_meet() {
    let shop = Shop::open().await;
    let reader = loaded(elsewhere(&shop).await).await;
    let mut open = Vec::new();
    for n in 0..40 {
        let mut tx = shop.database.begin().await.unwrap();
        let id = ProductId::from_u128(n + 1);
        let product = draft(&format!("p {n}"), "1", 1).into_product(id, &BTreeSet::new());
        let added = shop
            .database
            .add_product(&mut tx, &product, shop.clock.now());
        added.await.unwrap();
        open.push(tx);
    }
    for tx in open {
        shop.database.commit(tx).await.unwrap();
    }
    assert_eq!(first(&reader).await.len(), 40);
}

async fn back_in_memory(reader: &MemoryCatalogue) {
    eventually("all is read anew", || async {
        reader.page(&listing(Sort::Name, 10)).await.is_some()
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_for_memory_stays_in_the_database() {
    let shop = Shop::open().await;
    for n in 0..5 {
        shop.product(&format!("cup {n}"), 1).await;
    }
    let small = MemoryCatalogue::with_room(shop.database.clone(), 2_000);
    assert!(!small.load().await);
    let asked = listing(Sort::Price, 3);
    assert_eq!(small.page(&asked).await, None);
    assert_eq!(
        small.list(&asked).await.unwrap(),
        shop.database.list(&asked).await.unwrap()
    );
}

#[tokio::test]
async fn over_http_it_is_served_from_memory_without_being_asked_to() {
    let counter = Counter::open().await;
    counter.shop.product("cup", 1).await;
    let catalogue = MemoryCatalogue::new(counter.shop.database.clone());
    let stop = tokio_util::sync::CancellationToken::new();
    let (kept, soft) = (catalogue.clone(), stop.clone());
    let keeping = tokio::spawn(async move { kept.keep(soft).await });
    back_in_memory(&catalogue).await;
    assert_eq!(catalogue.size().0, 1);
    for n in 0..5 {
        let body = serde_json::json!({ "product": {
            "name": format!("p{n}"), "description": "d", "price": 1, "quantity": 1,
            "categories": ["things"],
        } });
        let made = counter.post("/api/products", body).await;
        assert_eq!(made.status, reqwest::StatusCode::CREATED, "{}", made.body);
        assert_eq!(first(&catalogue).await.len(), 2 + n);
        assert_eq!(counter.names("categoryName=things").await.len(), 2 + n);
    }
    stop.cancel();
    keeping.await.unwrap();
}
