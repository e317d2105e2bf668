//! Balances: what admins put in, and what orders take out.

use events::demo::CUSTOMER;
use events::{BalanceUpdate, OrderStatus, PaymentChoice};
use serde_json::json;
use testkit::{Backup, problem_code};

use crate::shop::Shop;

#[tokio::test]
async fn a_balance_pays_and_gets_back_what_is_cancelled() {
    let shop = Shop::open().await;
    assert_eq!(shop.balance().await, json!(0.0));
    assert_eq!(shop.grant(json!(20.00)).await.status(), 200);
    assert_eq!(shop.balance().await, json!(20.0));
    shop.details(1, PaymentChoice::Balance).await;
    shop.order(1, OrderStatus::Accepted).await;
    shop.comes_to(1, "CAPTURED").await;
    assert_eq!(shop.balance().await, json!(8.02));

    // Too little for another one; the customer may still pay in another way.
    shop.order(2, OrderStatus::Accepted).await;
    shop.comes_to(2, "AWAITING").await;
    let declined = shop.pay(2, json!({ "method": "balance" })).await;
    assert_eq!(declined.status(), 202);
    assert_eq!(shop.payment(2).await["reason"], "insufficient-balance");
    assert_eq!(shop.grant(json!(3.96)).await.status(), 200);
    let paid = shop.pay(2, json!({ "method": "balance" })).await;
    assert_eq!(paid.status(), 200);
    assert_eq!(shop.balance().await, json!(0.0));

    shop.order(1, OrderStatus::Cancelled).await;
    shop.comes_to(1, "REFUNDED").await;
    assert_eq!(shop.balance().await, json!(11.98));
    shop.audit().await;
    let told = shop.environment.read::<BalanceUpdate>().await;
    let versions: Vec<u64> = told.iter().map(|one| one.event.version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    shop.close().await;
}

#[tokio::test]
async fn a_wrong_grant_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    assert_eq!(shop.grant(json!(5)).await.status(), 200);
    let too_much = shop.grant(json!(-5.01)).await;
    assert_eq!(problem_code(too_much, 409).await, "insufficient-balance");
    for wrong in [json!(0), json!(0.001), json!(1e15)] {
        let refused = shop.grant(wrong).await;
        assert_eq!(problem_code(refused, 422).await, "invalid-payment");
    }
    let (account, token) = shop.customer();
    let path = format!("/api/admin/accounts/{account}/balance");
    let body = json!({ "amount": 1, "reason": "mine" });
    let refused = shop.post(&path, Some(&token), &body).await;
    assert_eq!(problem_code(refused, 403).await, "forbidden");
    let body = json!({ "amount": 1, "reason": " " });
    let refused = shop.post(&path, Some(&shop.admin()), &body).await;
    assert_eq!(problem_code(refused, 422).await, "invalid-payment");
    assert_eq!(shop.balance().await, json!(5.0));
    assert_eq!(shop.grant(json!(-5)).await.status(), 200);
    assert_eq!(shop.balance().await, json!(0.0));
    shop.audit().await;
    shop.close().await;
}

#[tokio::test]
async fn the_demo_s_customer_begins_with_a_balance_once() {
    let shop = Shop::open().await;
    let database = shop.environment.database("payments").await;
    let payments = host::role::<payments::Payments>();
    let load = || payments.load_demo(&database);
    let loaded = futures::future::join_all([load(), load(), load()]).await;
    assert!(loaded.iter().all(Result::is_ok), "{loaded:?}");
    shop.drained().await;
    let balance = || payments::store::balance(&database, CUSTOMER);
    assert_eq!(balance().await.unwrap().amount.minor, 200_000);

    // The topic has what a database that is made anew begins with, too.
    let shop = shop
        .restored(async || {
            Backup::none().restore(&database).await;
            payments.load_demo(&database).await.unwrap();
        })
        .await;
    assert_eq!(balance().await.unwrap().amount.minor, 200_000);
    shop.audit().await;
    shop.close().await;
}
