//! A restore that was cut off: nobody works on what it has left, and the next one makes it whole.

use std::time::{Duration, Instant};

use bson::{Document, doc};
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::process::Process;
use crate::shop::Shop;

/// What is said of a half restored database, wherever it is said.
const REASON: &str = "has been in restore since";

/// A folder with a backup of a shop at rest.
struct Saved {
    folder: tempfile::TempDir,
    contents: Vec<(String, Vec<Document>)>,
}

impl Saved {
    async fn of(shop: &Shop) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("one");
        let saved = shop.quadrille(&["backup", backup.to_str().unwrap()]).await;
        assert_eq!(saved.code, 0, "{}", saved.stderr);
        let contents = shop.contents().await;
        Self { folder, contents }
    }

    fn restore<'a>(&self, service: &'a str, more: &'a [&'a str]) -> Vec<String> {
        let backup = self.folder.path().join("one");
        let words = ["restore", backup.to_str().unwrap(), "--service", service];
        let words = words.iter().chain(["--replace"].iter()).chain(more);
        words.map(|word| (*word).to_owned()).collect()
    }

    /// Restores `service` from its beginning to its end.
    async fn restored(&self, shop: &Shop, service: &str, more: &[&str]) {
        let words = self.restore(service, more);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let done = shop.quadrille(&words).await;
        assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    }

    /// Begins to restore `service` into its database `name`, and kills that so long after the first
    /// change.
    async fn cut_off(
        &self,
        shop: &Shop,
        service: &str,
        name: &str,
        more: &[&str],
        after: Duration,
    ) {
        let words = self.restore(service, more);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut restoring = shop.command(&words).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_marked(shop, name).await && restoring.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the restore has not begun");
        }
        if tokio::time::timeout(after, restoring.wait()).await.is_err() {
            restoring.kill().await.unwrap();
        }
    }
}

/// A shop that has sold something and whose services have ended.
async fn closed_shop(orders: u32) -> Shop {
    let shop = Shop::open().await;
    let (products, deduction) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["busy", "rare"], 1_000).await;
    let place = (0..orders).map(|_| shop.order(&deduction, &[("busy", 2), ("rare", 1)]));
    futures::future::join_all(place).await;
    shop.settle().await;
    products.stop().await;
    deduction.stop().await;
    shop
}

/// Whether the database `name` says that it is not whole.
async fn is_marked(shop: &Shop, name: &str) -> bool {
    shop.database(name)
        .await
        .restoring()
        .await
        .unwrap()
        .is_some()
}

/// Every document of the database, but for what only wakes somebody.
async fn everything(shop: &Shop, name: &str) -> Vec<(String, Vec<Document>)> {
    let database = shop.database(name).await;
    let mut tables = database.database().list_collection_names().await.unwrap();
    tables.retain(|table| !table.starts_with("system.") && table != "outbox_bell");
    tables.sort();
    let mut all = Vec::new();
    for table in tables {
        let documents = database.database().collection::<Document>(&table);
        let found = documents
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .await
            .unwrap();
        all.push((table, found.try_collect().await.unwrap()));
    }
    all
}

/// `waiting` works on a database that is not whole: it says so, is not ready, and neither it nor
/// a command does anything with it.
async fn is_refused(shop: &Shop, service: &str, waiting: &Process) {
    waiting.says(REASON, 1).await;
    let (status, body) = waiting.readiness().await;
    assert_eq!(
        (status, &body["reason"]),
        (503, &json!("mongodb")),
        "{body}"
    );
    let before = everything(shop, service).await;
    let there = tempfile::tempdir().unwrap();
    let folder = there.path().join("half").to_str().unwrap().to_owned();
    for words in [
        vec!["backup", &folder, "--service", service],
        vec!["audit"],
        vec!["dead-letters", "list"],
    ] {
        let refused = shop.quadrille(&words).await;
        assert_eq!(refused.code, 1, "{words:?}: {}", refused.stdout);
        let way_out = format!("--service {service} --replace");
        assert!(
            refused.stderr.contains(REASON) && refused.stderr.contains(&way_out),
            "{words:?}: {}",
            refused.stderr
        );
    }
    assert!(!there.path().join("half").exists());
    assert_eq!(waiting.readiness().await.0, 503);
    assert_eq!(everything(shop, service).await, before);
}

/// `waiting`, the only instance of `service`, is ready by itself once `saved` is restored, and the shop
/// goes on as if nothing had been.
async fn is_made_whole(shop: &Shop, saved: &Saved, service: &str, waiting: Process) {
    assert_eq!(waiting.readiness().await.0, 503);
    saved.restored(shop, service, &[]).await;
    waiting.becomes_ready().await;
    let other = match service {
        "products" => shop.start_orders().await,
        _ => shop.start_products().await,
    };
    shop.settle().await;
    shop.quadrille(&["audit", "--json"]).await.well();
    assert_eq!(shop.contents().await, saved.contents, "{service}");
    waiting.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_restore_is_cut_off_nobody_works_on_what_is_there() {
    let shop = closed_shop(60).await;
    let saved = Saved::of(&shop).await;
    for service in ["products", "orders"] {
        let begun = Instant::now();
        saved.restored(&shop, service, &[]).await;
        let whole = begun.elapsed();
        let mut refused = 0;
        // Killed a little later each time, wherever it then is.
        for tenths in 0..8 {
            let after = whole * tenths / 10;
            saved.cut_off(&shop, service, service, &[], after).await;
            if is_marked(&shop, service).await {
                let waiting = Process::start(&shop, service, service).await;
                is_refused(&shop, service, &waiting).await;
                waiting.stop().await;
                refused += 1;
            }
        }
        println!("{service}: {refused} of 8 were cut off before the end");
        assert!(refused > 0, "{service}: none was cut off before its end");
        while !is_marked(&shop, service).await {
            saved
                .cut_off(&shop, service, service, &[], Duration::ZERO)
                .await;
        }
        let waiting = Process::start(&shop, service, service).await;
        waiting.says(REASON, 1).await;
        is_made_whole(&shop, &saved, service, waiting).await;
    }
}

/// Marks the database of `service` as a restore does first, and takes away `tables`.
async fn halve(shop: &Shop, service: &str, tables: &[&str]) {
    let database = shop.database(service).await;
    let again = format!("quadrille restore DIR --service {service} --replace");
    database.begin_restoring(&again).await.unwrap();
    for table in tables {
        let table = database.database().collection::<Document>(table);
        table.drop().await.unwrap();
    }
}

async fn post(url: &str, token: &str, body: &Value) -> u16 {
    let http = reqwest::Client::new();
    let answer = http.post(url).bearer_auth(token).json(body).send().await;
    answer.unwrap().status().as_u16()
}

/// The names of the products that `products` shows.
async fn names(products: &Process) -> Vec<String> {
    let answer = reqwest::get(format!("{}/api/products", products.url)).await;
    let answer: Value = answer.unwrap().json().await.unwrap();
    let shown = answer["products"].as_array().unwrap().iter();
    let names = shown.map(|product| product["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_without_the_orders_that_took_it_is_left_as_it_is() {
    let shop = closed_shop(12).await;
    let saved = Saved::of(&shop).await;
    halve(&shop, "products", &["reservations"]).await;
    let half = everything(&shop, "products").await;
    let waiting = Process::start(&shop, "products", "products").await;
    // At the first attempt and after every ten.
    waiting.says("can't be created yet", 2).await;
    let product = json!({ "product": { "name": "late", "description": "for a test",
        "price": 2.5, "quantity": 1, "categories": [] } });
    let add = format!("{}/api/products", waiting.url);
    assert_eq!(post(&add, shop.token(), &product).await, 503);
    is_refused(&shop, "products", &waiting).await;
    assert_eq!(everything(&shop, "products").await, half);
    is_made_whole(&shop, &saved, "products", waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_order_is_taken_into_a_database_that_is_being_restored() {
    let shop = closed_shop(3).await;
    let saved = Saved::of(&shop).await;
    // The tables for an order are all there.
    halve(&shop, "orders", &[]).await;
    let half = everything(&shop, "orders").await;
    let waiting = Process::start(&shop, "orders", "orders").await;
    let order = json!({ "products": [{ "name": "busy", "quantity": 1 }] });
    let place = format!("{}/api/orders", waiting.url);
    assert_eq!(post(&place, shop.token(), &order).await, 503);
    is_refused(&shop, "orders", &waiting).await;
    assert_eq!(everything(&shop, "orders").await, half);
    is_made_whole(&shop, &saved, "orders", waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_catalogue_is_shown_to_nobody() {
    let shop = closed_shop(3).await;
    let saved = Saved::of(&shop).await;
    halve(&shop, "products", &["products"]).await;
    let waiting = Process::start(&shop, "products", "products").await;
    let catalogue = format!("{}/api/products", waiting.url);
    assert_eq!(reqwest::get(&catalogue).await.unwrap().status(), 503);
    saved.restored(&shop, "products", &[]).await;
    waiting.becomes_ready().await;
    let mut shown = names(&waiting).await;
    shown.sort();
    assert_eq!(shown, ["busy", "rare"]);
    waiting.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_by_half_the_accounts() {
    let shop = closed_shop(1).await;
    let saved = Saved::of(&shop).await;
    // Beside the instance that lets the tests in.
    let name = shop.environment.database_name("again");
    let into = ["--into", name.as_str()];
    while !is_marked(&shop, "again").await {
        saved
            .cut_off(&shop, "auth", "again", &into, Duration::ZERO)
            .await;
    }
    let waiting = Process::start(&shop, "auth", "again").await;
    waiting.says(REASON, 1).await;
    // Not before: the server may still do what it was asked by the restore that was killed.
    let half = everything(&shop, "again").await;
    let (status, body) = waiting.readiness().await;
    assert_eq!(
        (status, &body["reason"]),
        (503, &json!("mongodb")),
        "{body}"
    );
    let login = format!("{}/api/login", waiting.url);
    assert_eq!(post(&login, "", &Shop::credentials()).await, 503);
    assert_eq!(everything(&shop, "again").await, half);
    saved.restored(&shop, "auth", &into).await;
    assert!(!is_marked(&shop, "again").await);
    waiting.becomes_ready().await;
    assert_eq!(post(&login, "", &Shop::credentials()).await, 200);
    waiting.stop().await;
}
