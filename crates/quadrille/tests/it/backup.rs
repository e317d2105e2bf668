//! `quadrille backup` and `restore`: a shop goes on from a backup, and nothing is decided twice.

mod cut_off;
mod process;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bson::Document;
use testkit::eventually_within;

use crate::shop::{Service, Shop};

/// Orders that are placed one after the other, by several customers, until it is ended.
struct Traffic {
    stop: Arc<AtomicBool>,
    placed: Arc<AtomicU32>,
    customers: Vec<tokio::task::JoinHandle<()>>,
}

impl Traffic {
    fn begin(shop: &Arc<Shop>, orders: &Service) -> Self {
        let (stop, placed) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let customer = |_| {
            let (shop, url) = (Arc::clone(shop), orders.url.clone());
            let (stop, placed) = (Arc::clone(&stop), Arc::clone(&placed));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    shop.order_at(&url, &[("busy", 2), ("rare", 1)]).await;
                    placed.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let customers = (0..4).map(customer).collect();
        Self {
            stop,
            placed,
            customers,
        }
    }

    async fn reaches(&self, count: u32) {
        eventually_within(Duration::from_secs(60), "orders are placed", || async {
            self.placed.load(Ordering::Relaxed) >= count
        })
        .await;
    }

    async fn end(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        for customer in self.customers {
            customer.await.unwrap();
        }
        self.placed.load(Ordering::Relaxed)
    }
}

async fn restore(shop: &Shop, folder: &Path, service: &str, more: &[&str]) -> crate::shop::Answer {
    let folder = folder.to_str().unwrap();
    let mut words = vec!["restore", folder, "--service", service];
    words.extend_from_slice(more);
    shop.quadrille(&words).await
}

/// What a customer is told of each order.
fn told(orders: &[Document]) -> Vec<(String, String)> {
    let told = |order: &Document| {
        let id = order.get("_id").unwrap().to_string();
        (id, order.get_str("status").unwrap().to_owned())
    };
    orders.iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_restored_from_a_backup_under_load_catches_up() {
    let shop = Arc::new(Shop::open().await);
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["busy", "rare"], 100_000).await;
    let traffic = Traffic::begin(&shop, &orders);
    traffic.reaches(40).await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("one");
    let saved = shop
        .quadrille(&["backup", backup.to_str().unwrap(), "--json"])
        .await
        .well();
    let saved = saved.as_array().unwrap();
    assert_eq!(saved.len(), quadrille::SERVICES.len(), "{saved:#?}");
    let then = traffic.placed.load(Ordering::Relaxed);
    traffic.reaches(then + 60).await;
    let placed = traffic.end().await;
    shop.settle().await;
    let (decided, settled) = (
        shop.all("products", "reservations").await,
        told(&shop.all("orders", "orders").await),
    );
    assert_eq!(decided.len() as u64, u64::from(placed));

    products.stop().await;
    let there = restore(&shop, &backup, "products", &[]).await;
    assert_eq!(there.code, 1);
    assert!(there.stderr.contains("is not empty"), "{}", there.stderr);
    let done = restore(&shop, &backup, "products", &["--replace"]).await;
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert!(
        done.stdout.contains("takes back when it starts"),
        "{}",
        done.stdout
    );
    let kept = shop.all("products", "reservations").await;
    assert!(kept.len() < decided.len(), "the backup is older");
    let products = shop.start_products().await;
    shop.settle().await;
    assert_eq!(
        shop.all("products", "reservations").await,
        decided,
        "each decision is back as it was"
    );
    let contents = shop.quadrille(&["audit", "--json"]).await.well();
    assert_eq!(contents["orders"], placed);

    orders.stop().await;
    let done = restore(&shop, &backup, "orders", &["--replace"]).await;
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    let orders = shop.start_orders().await;
    shop.settle().await;
    assert_eq!(
        told(&shop.all("orders", "orders").await),
        settled,
        "each order is back as it was"
    );
    let contents = shop.quadrille(&["audit", "--json"]).await.well();
    assert_eq!(contents["orders"], placed);
    shop.order(&orders, &[("busy", 1)]).await;
    shop.settle().await;
    shop.quadrille(&["audit", "--json"]).await.well();
    products.stop().await;
    orders.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_do_harm_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 10).await;
    for _ in 0..3 {
        shop.order(&orders, &[("cup", 1)]).await;
    }
    shop.settle().await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("one");
    let name = backup.to_str().unwrap();
    // What an earlier one left that was cut off is in nobody's way.
    fs::create_dir_all(backup.join(".orders.partial")).unwrap();
    assert_eq!(shop.quadrille(&["backup", name]).await.code, 0);
    let again = shop.quadrille(&["backup", name, "--service=orders"]).await;
    assert_eq!(again.code, 1);
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    let before = shop.contents().await;

    let refused = |more: &'static [&'static str]| {
        let (shop, backup) = (&shop, &backup);
        async move {
            let answer = restore(shop, backup, "orders", more).await;
            assert_eq!(answer.code, 1, "{}", answer.stdout);
            answer.stderr
        }
    };
    let text = refused(&["--replace"]).await;
    assert!(text.contains("an instance of orders publishes"), "{text}");
    orders.stop().await;
    products.stop().await;
    let text = refused(&[]).await;
    assert!(text.contains("--replace"), "{text}");
    let elsewhere = crate::quadrille(&["restore", name, "--service=orders", "--replace"])
        .arg(format!("--mongodb-uri={}", shop.environment.mongodb_uri()))
        .arg(format!(
            "--kafka-brokers={}",
            shop.environment.kafka_brokers()
        ))
        .arg(format!(
            "--databases=orders={}",
            shop.environment.database_name("orders")
        ))
        .arg("--topic-prefix=nowhere.")
        .output()
        .unwrap();
    let text = crate::stderr(&elsewhere);
    assert_eq!(elsewhere.status.code(), Some(1), "{text}");
    assert!(
        text.contains("there is no topic") && text.contains("--without-topics"),
        "{text}"
    );
    let missing = restore(&shop, &folder.path().join("two"), "orders", &["--replace"]).await;
    assert!(
        missing.stderr.contains("no whole backup of orders"),
        "{}",
        missing.stderr
    );

    let file = backup.join("orders/orders.bson");
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for wrong in [damaged, whole[..whole.len() / 2].to_vec()] {
        fs::write(&file, wrong).unwrap();
        let text = refused(&["--replace"]).await;
        assert!(text.contains("orders.bson"), "{text}");
    }
    fs::write(&file, whole).unwrap();
    assert_eq!(shop.contents().await, before);

    let checked = restore(&shop, &backup, "orders", &["--check"]).await;
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert!(
        checked.stdout.contains("all of them whole"),
        "{}",
        checked.stdout
    );
    // Into another database it is the same, with the same indexes.
    let another = shop.environment.database_name("again");
    let into = restore(&shop, &backup, "orders", &["--into", another.as_str()]).await;
    assert_eq!(into.code, 0, "{}", into.stderr);
    for table in ["orders", "product_copies", "checkpoints", "own_topics"] {
        let (here, there) = (
            shop.all("orders", table).await,
            shop.all("again", table).await,
        );
        assert!(!here.is_empty(), "{table}");
        if table != "own_topics" {
            assert_eq!(here, there, "{table}");
        }
    }
    let indexes = async |service| {
        let database = shop.database(service).await;
        let orders = database.database().collection::<Document>("orders");
        orders.list_index_names().await.unwrap()
    };
    assert_eq!(indexes("again").await, indexes("orders").await);
    assert_eq!(shop.contents().await, before);
    shop.close().await;
}
