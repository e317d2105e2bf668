//! A database restored from an older backup takes its own payments and balances back before it listens.

use events::{OrderStatus, PaymentChoice};
use serde_json::json;
use testkit::Backup;

use crate::shop::{Shop, TOTAL};

#[tokio::test]
async fn payments_balances_and_their_ledger_come_back_and_go_on() {
    let shop = Shop::open().await;
    assert_eq!(shop.grant(json!(20)).await.status(), 200);
    shop.by_card(1, "tok_ok").await;
    shop.comes_to(1, "CAPTURED").await;
    shop.order(2, OrderStatus::Accepted).await;
    shop.comes_to(2, "AWAITING").await;
    shop.drained().await;
    let database = shop.environment.database("payments").await;
    let backup = Backup::of(&database).await;

    shop.order(1, OrderStatus::Cancelled).await;
    shop.comes_to(1, "REFUNDED").await;
    assert_eq!(
        shop.pay(2, json!({ "method": "balance" })).await.status(),
        200
    );
    shop.by_card(3, "tok_ok").await;
    shop.comes_to(3, "CAPTURED").await;
    shop.order(4, OrderStatus::Accepted).await;
    shop.comes_to(4, "AWAITING").await;
    shop.drained().await;
    let all = async |shop: &Shop| {
        let mut all = Vec::new();
        for number in 1..=4 {
            all.push(shop.payment(number).await);
        }
        let database = shop.environment.database("payments").await;
        let balance = payments::store::balance(&database, shop.customer().0).await;
        (all, balance.unwrap())
    };
    let before = all(&shop).await;

    let mut shop = shop;
    for backup in [backup, Backup::none()] {
        let database = shop.environment.database("payments").await;
        shop = shop
            .restored(async || backup.restore(&database).await)
            .await;
        assert_eq!(all(&shop).await, before);
        // The timer of what waits is there again.
        let window = payments::schedule::window_id(events::OrderId::from_u128(4));
        let job = outbox::JobStore::job(&database, &window).await.unwrap();
        assert!(job.is_some_and(|job| !job.state.has_ended()));
    }
    let token = "tok_ok".to_owned();
    shop.details(4, PaymentChoice::Card { token }).await;
    shop.comes_to(4, "CAPTURED").await;
    shop.audit().await;
    assert_eq!(shop.books().await, (3 * TOTAL, TOTAL));
    shop.close().await;
}
