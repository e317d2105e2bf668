//! Orders that are paid by card.

use events::{OrderStatus, PaymentChoice, PaymentStatus};
use serde_json::{Value, json};
use testkit::problem_code;

use crate::shop::{Shop, TOTAL, path};

#[tokio::test]
async fn an_accepted_order_is_charged_once_whichever_event_comes_first() {
    let shop = Shop::open().await;
    let card = || PaymentChoice::Card {
        token: "tok_ok".to_owned(),
    };
    shop.order(1, OrderStatus::Accepted).await;
    shop.comes_to(1, "AWAITING").await;
    shop.details(1, card()).await;
    shop.details(2, card()).await;
    shop.order(2, OrderStatus::Accepted).await;
    for number in [1, 2] {
        let paid = shop.comes_to(number, "CAPTURED").await;
        assert_eq!(
            (&paid["amount"], &paid["method"]),
            (&json!(11.98), &json!("card"))
        );
        // The same once more.
        shop.details(number, card()).await;
        shop.order(number, OrderStatus::Accepted).await;
    }
    shop.by_card(3, "tok_ok").await;
    shop.comes_to(3, "CAPTURED").await;
    shop.audit().await;
    assert_eq!(shop.books().await, (3 * TOTAL, 0));
    let updates = shop.updates().await;
    assert!(
        updates
            .iter()
            .any(|it| it.status == PaymentStatus::Captured)
    );
    let text = serde_json::to_string(&updates).unwrap();
    assert!(
        !text.contains("tok_ok"),
        "no card is named in what is kept for ever"
    );
    let row = shop.row(1).await;
    assert!(!format!("{:?}", row.payment).contains("tok_ok"), "{row:?}");
    shop.close().await;
}

#[tokio::test]
async fn an_order_that_asks_for_no_payment_has_none() {
    let shop = Shop::open().await;
    let mut bare = crate::shop::order(1, shop.customer().0, OrderStatus::Accepted, 2);
    bare.asks = events::Asks::NOTHING;
    shop.environment
        .publish(&bare, outbox::MessageContext::default())
        .await;
    shop.by_card(2, "tok_ok").await;
    shop.comes_to(2, "CAPTURED").await;
    assert_eq!(shop.payment(1).await, Value::Null);
    shop.close().await;
}

#[tokio::test]
async fn an_order_that_costs_nothing_is_paid_from_the_beginning() {
    let shop = Shop::open().await;
    let mut free = crate::shop::order(1, shop.customer().0, OrderStatus::Accepted, 2);
    free.total.minor = 0;
    let context = outbox::MessageContext::default();
    shop.environment.publish(&free, context).await;
    shop.comes_to(1, "CAPTURED").await;
    let paid = shop
        .pay(1, json!({ "method": "card", "token": "tok_ok" }))
        .await;
    assert_eq!(problem_code(paid, 409).await, "already-paid");
    shop.order(1, OrderStatus::Cancelled).await;
    shop.audit().await;
    assert_eq!(shop.books().await, (0, 0));
    shop.close().await;
}

#[tokio::test]
async fn a_lost_answer_a_slow_one_and_webhooks_that_come_twice_charge_once() {
    let shop = Shop::open().await;
    let tokens = ["tok_unknown", "tok_slow", "tok_twice"];
    for (number, token) in tokens.into_iter().enumerate() {
        shop.by_card(1 + number as u128, token).await;
    }
    for number in 1..=3 {
        shop.comes_to(number, "CAPTURED").await;
    }
    shop.audit().await;
    assert_eq!(shop.books().await, (3 * TOTAL, 0));
    shop.close().await;
}

#[tokio::test]
async fn a_declined_card_may_be_tried_again_until_it_fails_for_good() {
    let shop = Shop::open_with(payments::Settings {
        payment_max_declines: 2,
        ..payments::Settings::default()
    })
    .await;
    shop.by_card(1, "tok_declined").await;
    testkit::eventually("it is declined", || async {
        shop.payment(1).await["reason"] == "card-declined"
    })
    .await;
    assert_eq!(shop.payment(1).await["status"], "AWAITING");
    let again = shop
        .pay(1, json!({ "method": "card", "token": "tok_ok" }))
        .await;
    assert_eq!(again.status(), 202);
    shop.comes_to(1, "CAPTURED").await;
    let twice = shop
        .pay(1, json!({ "method": "card", "token": "tok_ok" }))
        .await;
    assert_eq!(problem_code(twice, 409).await, "already-paid");

    shop.by_card(2, "tok_declined").await;
    testkit::eventually("it is declined", || async {
        shop.payment(2).await["reason"] == "card-declined"
    })
    .await;
    let again = shop
        .pay(2, json!({ "method": "card", "token": "tok_mine" }))
        .await;
    assert_eq!(again.status(), 202);
    let failed = shop.comes_to(2, "FAILED").await;
    assert_eq!(
        (&failed["attempts"], &failed["reason"]),
        (&json!(2), &json!("unknown-card"))
    );
    let late = shop
        .pay(2, json!({ "method": "card", "token": "tok_ok" }))
        .await;
    assert_eq!(problem_code(late, 409).await, "payment-closed");
    shop.audit().await;
    shop.close().await;
}

#[tokio::test]
async fn a_cancelled_order_is_given_back_once() {
    let shop = Shop::open().await;
    shop.by_card(1, "tok_ok").await;
    shop.comes_to(1, "CAPTURED").await;
    for _ in 0..2 {
        shop.order(1, OrderStatus::Cancelled).await;
    }
    shop.comes_to(1, "REFUNDED").await;
    // Before it is paid.
    shop.order(2, OrderStatus::Accepted).await;
    shop.comes_to(2, "AWAITING").await;
    shop.order(2, OrderStatus::Cancelled).await;
    shop.comes_to(2, "VOIDED").await;
    // And all at once.
    shop.by_card(3, "tok_ok").await;
    shop.order(3, OrderStatus::Cancelled).await;
    testkit::eventually("it is given up", || async {
        let status = shop.payment(3).await["status"].clone();
        status == "VOIDED" || status == "REFUNDED"
    })
    .await;
    shop.audit().await;
    let (charged, refunded) = shop.books().await;
    assert_eq!(charged, refunded);
    let listed = shop.provider("/v1/intents").await;
    for intent in listed["intents"].as_array().unwrap() {
        assert_ne!(intent["status"], "requires_capture", "{intent}");
    }
    shop.close().await;
}

#[tokio::test]
async fn somebody_elses_payment_is_unknown() {
    let shop = Shop::open().await;
    shop.order(1, OrderStatus::Accepted).await;
    shop.comes_to(1, "AWAITING").await;
    let other = shop.signer.token(service::token::Role::User, 600);
    let seen = shop.get(&path(1), Some(&other)).await;
    assert_eq!(problem_code(seen, 404).await, "unknown-payment");
    let how = json!({ "method": "card", "token": "tok_ok" });
    let paid = shop.post(&path(1), Some(&other), &how).await;
    assert_eq!(problem_code(paid, 404).await, "unknown-payment");
    let nobody = shop.get(&path(1), None).await;
    assert_eq!(problem_code(nobody, 401).await, "unauthorized");
    let (_, owner) = shop.customer();
    assert_eq!(shop.get(&path(1), Some(&owner)).await.status(), 200);
    assert_eq!(shop.get(&path(1), Some(&shop.admin())).await.status(), 200);
    for wrong in [
        json!({ "method": "card" }),
        json!({ "method": "later" }),
        json!({ "method": "cash" }),
    ] {
        assert_eq!(
            problem_code(shop.pay(1, wrong).await, 422).await,
            "invalid-body"
        );
    }
    let wrong = shop
        .pay(1, json!({ "method": "card", "token": "tok ok" }))
        .await;
    assert_eq!(problem_code(wrong, 422).await, "invalid-payment");
    assert_eq!(shop.payment(1).await["attempts"], 0);
    shop.close().await;
}
