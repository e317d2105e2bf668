//! `quadrille rebuild`: a damaged copy is repaired while orders come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bson::doc;

use crate::shop::{Shop, key};

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_repaired_under_traffic() {
    let shop = Arc::new(Shop::open().await);
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(
        &products,
        &["busy", "cheap", "gone", "future", "broken"],
        100_000,
    )
    .await;
    let stop = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let (shop, stop, url) = (Arc::clone(&shop), Arc::clone(&stop), orders.url.clone());
        async move {
            let mut placed = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                shop.order_at(&url, &[("busy", 1)]).await;
                placed += 1;
            }
            placed
        }
    });
    let right = shop
        .quadrille(&["rebuild", "orders.products", "--check", "--json"])
        .await
        .well();
    assert_eq!(right["built"], 5);

    let (cheap, gone, future, broken) = (
        shop.product_id("cheap").await,
        shop.product_id("gone").await,
        shop.product_id("future").await,
        shop.product_id("broken").await,
    );
    let copies = "product_copies";
    shop.damage(
        "orders",
        copies,
        &cheap,
        doc! { "$set": { "price": 1_i64 } },
    )
    .await;
    shop.lose("orders", copies, &gone).await;
    shop.damage(
        "orders",
        copies,
        &future,
        doc! { "$set": { "version": 999_i64 } },
    )
    .await;
    shop.damage(
        "orders",
        copies,
        &broken,
        doc! { "$unset": { "currency": "" } },
    )
    .await;
    let stranger = "01990000-0000-7000-8000-000000000001";
    let made_up = doc! { "_id": key(stranger), "name": "made up", "price": 1_i64,
    "currency": "EUR", "quantity": 9_i64, "version": 1_i64 };
    shop.slip_in("orders", copies, made_up).await;

    let check = shop
        .quadrille(&["rebuild", "orders.products", "--check", "--json"])
        .await;
    assert_eq!(check.code, 1, "{}", check.stderr);
    let named = check.json()["differences"].to_string();
    for id in [&cheap, &gone, &future, &broken, &stranger.to_owned()] {
        assert!(named.contains(id.as_str()), "{id}: {named}");
    }
    assert!(!named.contains("busy"), "{named}");

    // What is older or unknown is left alone and named.
    let first = shop
        .quadrille(&["rebuild", "orders.products", "--json"])
        .await;
    assert_eq!(first.code, 1, "{}", first.stderr);
    let first = first.json();
    let (repaired, left) = (
        first["repaired"].to_string(),
        first["differences"].to_string(),
    );
    for id in [&cheap, &gone, &broken] {
        assert!(repaired.contains(id.as_str()), "{id}: {first:#}");
    }
    assert!(
        left.contains(&future) && left.contains(stranger),
        "{first:#}"
    );
    assert_eq!(first["backward"], 2, "{first:#}");
    let text = shop.quadrille(&["rebuild", "orders.products"]).await;
    assert!(text.stdout.contains("--even-back"), "{}", text.stdout);

    let whole = shop
        .quadrille(&["rebuild", "orders.products", "--even-back", "--json"])
        .await
        .well();
    let repaired = whole["repaired"].to_string();
    assert!(
        repaired.contains(&future) && repaired.contains(stranger),
        "{whole:#}"
    );

    stop.store(true, Ordering::Relaxed);
    let placed = traffic.await.unwrap();
    shop.settle().await;
    let contents = shop.quadrille(&["audit", "--json"]).await.well();
    assert_eq!(contents["orders"], placed);
    let right = shop
        .quadrille(&["rebuild", "orders.products", "--check"])
        .await;
    assert_eq!(right.code, 0, "{}", right.stdout);
    assert!(
        right.stdout.contains("is what the topic says"),
        "{}",
        right.stdout
    );
    let tables = shop
        .database("orders")
        .await
        .database()
        .list_collection_names()
        .await
        .unwrap();
    assert!(
        !tables.iter().any(|table| table.contains("rebuild")),
        "{tables:?}"
    );
    products.stop().await;
    orders.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_copy_is_refused_and_the_known_ones_named() {
    let shop = Shop::open().await;
    let answer = shop.quadrille(&["rebuild", "shipping.products"]).await;
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("there are: ") && answer.stderr.contains("orders.products"),
        "{}",
        answer.stderr
    );
    shop.close().await;
}
