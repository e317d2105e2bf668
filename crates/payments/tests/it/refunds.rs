//! What admins give back.

use events::OrderStatus;
use payment_simulator::faults::{Faults, Rate};
use serde_json::{Value, json};
use testkit::{eventually, problem_code};

use crate::shop::{Shop, TOTAL};

#[tokio::test]
async fn a_payment_is_refunded_in_parts_and_never_more_than_is_left() {
    let shop = Shop::open().await;
    let early = shop.refund(1, json!({ "reason": "broken" })).await;
    assert_eq!(problem_code(early, 404).await, "unknown-payment");
    shop.order(1, OrderStatus::Accepted).await;
    shop.comes_to(1, "AWAITING").await;
    let early = shop.refund(1, json!({ "reason": "broken" })).await;
    assert_eq!(problem_code(early, 409).await, "refund-too-large");
    shop.pay(1, json!({ "method": "card", "token": "tok_ok" }))
        .await;
    shop.comes_to(1, "CAPTURED").await;

    // The provider refuses each at first.
    shop.provider_fails(&Faults {
        refund_refusal_rate: Rate::ALWAYS,
        ..Faults::default()
    })
    .await;
    let part = shop
        .refund(1, json!({ "amount": 5.99, "reason": "broken" }))
        .await;
    assert_eq!(part.status(), 201);
    let part: Value = part.json().await.unwrap();
    assert_eq!(
        (&part["amount"], &part["status"]),
        (&json!(5.99), &json!("PENDING"))
    );
    let more = shop
        .refund(1, json!({ "amount": 6.00, "reason": "broken" }))
        .await;
    assert_eq!(more.status(), 409);
    let more: Value = more.json().await.unwrap();
    assert_eq!(
        (&more["code"], &more["left"]),
        (&json!("refund-too-large"), &json!(5.99))
    );
    for wrong in [json!(0), json!(-1), json!(0.001)] {
        let refused = shop
            .refund(1, json!({ "amount": wrong, "reason": "broken" }))
            .await;
        assert_eq!(problem_code(refused, 422).await, "invalid-payment");
    }
    eventually("the customer has it", || async {
        shop.payment(1).await["refunded"] == json!(5.99)
    })
    .await;
    assert_eq!(shop.payment(1).await["status"], "CAPTURED");
    let rest = shop.refund(1, json!({ "reason": "the rest" })).await;
    assert_eq!(rest.status(), 201);
    shop.comes_to(1, "REFUNDED").await;
    // Nothing is left for the cancellation.
    shop.order(1, OrderStatus::Cancelled).await;
    eventually("it is cancelled", || async {
        shop.updates().await.last().is_some_and(|it| it.cancelled)
    })
    .await;
    shop.audit().await;
    assert_eq!(shop.books().await, (TOTAL, TOTAL));
    shop.close().await;
}
