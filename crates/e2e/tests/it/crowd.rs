//! Many orders at once, one product scarce, a service killed in the middle: every
//! acknowledged order is settled once, and the databases add up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use e2e::{Client, Shop};
use serde_json::json;

const ORDERS: u64 = 10_000;
const CLIENTS: u64 = 32;
const SCARCE: u32 = 500;
const PRODUCTS: [(&str, u32); 4] = [
    ("apples", 1_000_000),
    ("pears", 1_000_000),
    ("plums", 1_000_000),
    ("figs", SCARCE),
];

async fn stock_up(shop: &Shop) {
    let admin = shop.admin().await.unwrap();
    for (name, quantity) in PRODUCTS {
        let product = json!({ "product": { "name": name, "description": "For the crowd",
            "price": 1.25, "quantity": quantity, "categories": ["kitchen"] } });
        let answer = admin.post("/api/products", &product).await.unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    for (name, _) in PRODUCTS {
        testkit::eventually("the crowd's products can be ordered", || async {
            admin
                .order(&[(name, 1_000_000), ("laptop", 9)], 0)
                .await
                .is_ok_and(|a| a.status == 409)
        })
        .await;
    }
}

/// One client of the crowd: places orders until none are left, trying again whatever was
/// not acknowledged, under the same idempotency key. Says how many were acknowledged.
async fn shop_around(
    client: Client,
    number: u64,
    left: Arc<AtomicU64>,
    done: Arc<AtomicU64>,
) -> u64 {
    let mut acknowledged = 0;
    let mut turn = number;
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
        .is_ok()
    {
        turn += 1;
        let (name, _) = PRODUCTS[usize::try_from(turn % 4).unwrap()];
        let body = json!({ "products": [{ "name": name, "quantity": 1 }] });
        let key = format!("{number}-{turn}");
        loop {
            let answer = client
                .send(
                    reqwest::Method::POST,
                    "/api/orders",
                    Some(&body),
                    &[("idempotency-key", &key)],
                )
                .await;
            match answer {
                Ok(answer) if answer.status == 201 => {
                    acknowledged += 1;
                    break;
                }
                // Known to be sold out.
                Ok(answer) if answer.status == 409 => break,
                Ok(answer) if answer.status.is_server_error() => {}
                Ok(answer) => panic!("{answer:?}"),
                Err(_) => {}
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_served_though_services_are_killed() {
    let shop = Shop::start(crate::shared_connection().await, 1, 1)
        .await
        .unwrap();
    stock_up(&shop).await;
    let user = shop.user().await.unwrap();
    let (left, done) = (
        Arc::new(AtomicU64::new(ORDERS)),
        Arc::new(AtomicU64::new(0)),
    );
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            tokio::spawn(shop_around(
                user.clone(),
                number * 1_000_000,
                left.clone(),
                done.clone(),
            ))
        })
        .collect();
    // Each dies once in the middle of the run, at a place that differs from run to run.
    for (victim, share) in [("products", 3), ("orders", 6), ("products", 8)] {
        testkit::eventually_within(
            std::time::Duration::from_secs(300),
            "the crowd gets on",
            || async { done.load(Ordering::Relaxed) > ORDERS * share / 10 },
        )
        .await;
        shop.kill(victim, 0).await.unwrap();
        shop.start_again(victim, 0).unwrap();
    }
    let mut acknowledged = 0;
    for client in clients {
        acknowledged += client.await.unwrap();
    }
    let audit = shop.audit().await.unwrap();
    assert_eq!(audit["statuses"].get("PENDING"), None, "{audit:#}");
    let settled = audit["statuses"]["ACCEPTED"].as_u64().unwrap()
        + audit["statuses"]["REJECTED"].as_u64().unwrap();
    // Every acknowledged order is there, once: under its key a repeated POST is the same order.
    assert_eq!(settled, acknowledged, "{audit:#}");
    let figs = shop.client().get("/api/products?name=figs").await.unwrap();
    let figs_left = figs.body["products"][0]["quantity"].as_u64().unwrap();
    // 2,500 wanted the 500 figs: all are gone.
    assert_eq!(figs_left, 0, "{figs:?}");
    shop.stop().await.unwrap();
}
