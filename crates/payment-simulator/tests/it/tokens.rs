//! Each card behaves as its token says.

use std::time::{Duration, Instant};

use payment_simulator::faults::Faults;
use serde_json::Value;

use crate::provider::Provider;

#[tokio::test]
async fn a_card_is_declined_and_so_is_one_that_nobody_knows() {
    let provider = Provider::start(Faults::default()).await;
    for (token, reason) in [
        ("tok_declined", "card-declined"),
        ("tok_mine", "unknown-card"),
    ] {
        let intent = provider.charged(token, token).await;
        assert_eq!(intent["status"], "declined");
        assert_eq!(intent["decline_reason"], reason);
        assert_eq!(provider.moved(&intent, "capture").await.status(), 409);
    }
    let told = provider.receiver.types(2).await;
    assert_eq!(told, ["intent.declined", "intent.declined"]);
    provider.stop().await;
}

#[tokio::test]
async fn a_slow_card_is_answered_late() {
    let slow_time = Duration::from_millis(700);
    let provider = Provider::start(Faults {
        slow_time,
        ..Faults::default()
    })
    .await;
    let began = Instant::now();
    let intent = provider.charged("c-1", "tok_slow").await;
    assert!(began.elapsed() >= slow_time);
    assert_eq!(intent["status"], "requires_capture");
    provider.stop().await;
}

#[tokio::test]
async fn a_charge_whose_answer_is_lost_is_found_under_its_key() {
    let provider = Provider::start(Faults::default()).await;
    let lost = provider.charge("c-1", "tok_unknown").await;
    assert!(lost.is_err(), "{lost:?}");
    let listed = provider.ask("/v1/intents?idempotency_key=c-1").await;
    assert_eq!(listed["intents"][0]["status"], "requires_capture");
    let again = provider.charge("c-1", "tok_unknown").await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    let again: Value = again.json().await.unwrap();
    assert_eq!(again, listed["intents"][0]);
    provider.stop().await;
}

#[tokio::test]
async fn each_webhook_of_a_card_that_tells_twice_comes_twice_under_one_id() {
    let provider = Provider::start(Faults::default()).await;
    let intent = provider.charged("c-1", "tok_twice").await;
    provider.receiver.comes(2).await;
    provider.moved(&intent, "capture").await;
    let all = provider.receiver.comes(4).await;
    let ids: Vec<_> = all.iter().map(|one| one.id.as_str()).collect();
    assert_eq!((ids[0], ids[2]), (ids[1], ids[3]), "{ids:?}");
    assert_ne!(ids[0], ids[2]);
    assert_eq!(all[3].kind(), "intent.captured");
    provider.stop().await;
}
