//! Webhooks of the provider.

use events::OrderStatus;
use reqwest::Client;
use serde_json::json;
use testkit::problem_code;

use crate::shop::{Shop, TOTAL};

#[tokio::test]
async fn webhooks_that_come_again_late_and_out_of_order_do_no_harm() {
    let shop = Shop::open().await;
    shop.by_card(1, "tok_ok").await;
    shop.comes_to(1, "CAPTURED").await;
    shop.order(1, OrderStatus::Cancelled).await;
    shop.comes_to(1, "REFUNDED").await;
    testkit::eventually("they come", || async { shop.relay.came() >= 3 }).await;
    shop.rests().await;
    let before = shop.updates().await.len();
    for _ in 0..2 {
        let answers = shop.relay.again_in_reverse().await;
        assert!(answers.iter().all(|status| *status == 204), "{answers:?}");
    }
    shop.audit().await;
    assert_eq!(shop.updates().await.len(), before);
    assert_eq!(shop.books().await, (TOTAL, TOTAL));
    shop.close().await;
}

#[tokio::test]
async fn what_the_provider_has_not_signed_is_refused() {
    let shop = Shop::open().await;
    shop.order(1, OrderStatus::Accepted).await;
    shop.comes_to(1, "AWAITING").await;
    shop.pay(1, json!({ "method": "card", "token": "tok_declined" }))
        .await;
    let order = events::OrderId::from_u128(1);
    let body = json!({
        "type": "intent.captured",
        "data": { "id": "pi_1", "reference": format!("{order}/1"), "status": "captured" },
    });
    let url = shop.url("/hooks/payments");
    let client = Client::new();
    let unsigned = client.post(&url).json(&body).send().await.unwrap();
    assert_eq!(problem_code(unsigned, 401).await, "invalid-signature");
    let now = jiff::Timestamp::now().as_second().to_string();
    let forged = client.post(&url).json(&body).header("webhook-id", "evt_1");
    let forged = forged
        .header("webhook-timestamp", now)
        .header("webhook-signature", "v1,AAAA");
    assert_eq!(
        problem_code(forged.send().await.unwrap(), 401).await,
        "invalid-signature"
    );
    testkit::eventually("the provider has the last word", || async {
        shop.payment(1).await["reason"] == "card-declined"
    })
    .await;
    assert_eq!(shop.payment(1).await["status"], "AWAITING");
    shop.close().await;
}
