//! The window of a payment, and a provider that is away meanwhile.

use std::time::Duration;

use events::OrderStatus;
use payment_simulator::faults::Faults;
use serde_json::json;
use testkit::{eventually, problem_code};

use crate::shop::Shop;

fn short() -> payments::Settings {
    payments::Settings {
        payment_window: Duration::from_secs(3),
        ..payments::Settings::default()
    }
}

#[tokio::test]
async fn a_payment_that_nobody_makes_expires() {
    let shop = Shop::open_with(short()).await;
    shop.order(1, OrderStatus::Accepted).await;
    shop.comes_to(1, "EXPIRED").await;
    let late = shop
        .pay(1, json!({ "method": "card", "token": "tok_ok" }))
        .await;
    assert_eq!(problem_code(late, 409).await, "payment-closed");
    shop.order(1, OrderStatus::Cancelled).await;
    shop.audit().await;
    assert_eq!(shop.payment(1).await["status"], "EXPIRED");
    shop.close().await;
}

#[tokio::test]
async fn what_is_paid_in_time_does_not_expire() {
    let shop = Shop::open_with(short()).await;
    shop.by_card(1, "tok_ok").await;
    shop.comes_to(1, "CAPTURED").await;
    // Accepted later, its window ends later.
    shop.order(2, OrderStatus::Accepted).await;
    shop.comes_to(2, "EXPIRED").await;
    assert_eq!(shop.payment(1).await["status"], "CAPTURED");
    shop.audit().await;
    shop.close().await;
}

/// The charge is made, its answer and its webhook do not come, and the provider goes away until the window is
/// over: then it is found, and given back.
#[tokio::test]
async fn a_charge_whose_outcome_is_unknown_at_the_end_of_the_window_is_given_back() {
    let shop = Shop::open_with(short()).await;
    shop.relay.leads_to(None);
    let lost = payment_simulator::faults::Rate::ALWAYS;
    shop.provider_fails(&Faults {
        lost_rate: lost,
        ..Faults::default()
    })
    .await;
    shop.by_card(1, "tok_ok").await;
    eventually("it is charged", || async {
        let listed = shop.provider("/v1/intents").await;
        listed["intents"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    })
    .await;
    shop.provider_fails(&Faults {
        down: true,
        ..Faults::default()
    })
    .await;
    shop.comes_to(1, "EXPIRED").await;
    shop.provider_fails(&Faults::default()).await;
    shop.audit().await;
    let listed = shop.provider("/v1/intents").await;
    let status = &listed["intents"][0]["status"];
    assert!(status == "voided" || status == "refunded", "{listed}");
    let (charged, refunded) = shop.books().await;
    assert_eq!(charged, refunded);
    shop.close().await;
}
