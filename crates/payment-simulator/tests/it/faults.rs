//! Each fault that can be set.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use payment_simulator::faults::{Faults, Rate};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{eventually, problem_code};

use crate::provider::Provider;

fn faults(set: impl FnOnce(&mut Faults)) -> Faults {
    let mut faults = Faults::default();
    set(&mut faults);
    faults
}

#[tokio::test]
async fn charges_are_declined_at_the_rate_that_is_set_and_the_same_ones_by_the_same_seed() {
    let rate = Rate::try_from(0.5).unwrap();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let provider = Provider::start(faults(|it| (it.seed, it.decline_rate) = (3, rate))).await;
        let mut declined = Vec::new();
        for number in 0..30 {
            let intent = provider.charged(&format!("c-{number}"), "tok_ok").await;
            declined.push(intent["status"] == "declined");
        }
        provider.stop().await;
        runs.push(declined);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(
        runs[0].contains(&true) && runs[0].contains(&false),
        "{runs:?}"
    );
}

#[tokio::test]
async fn answers_are_late() {
    let slow = Duration::from_millis(500);
    let set = |it: &mut Faults| (it.slow_rate, it.slow_time) = (Rate::ALWAYS, slow);
    let provider = Provider::start(faults(set)).await;
    let began = Instant::now();
    provider.charged("c-1", "tok_ok").await;
    assert!(began.elapsed() >= slow);
    provider.stop().await;
}

#[tokio::test]
async fn answers_are_lost_once_and_what_was_asked_for_is_done_once() {
    let provider = Provider::start(faults(|it| it.lost_rate = Rate::ALWAYS)).await;
    assert!(provider.charge("c-1", "tok_ok").await.is_err());
    let intent = provider.charged("c-1", "tok_ok").await;
    let post = async |path: &str, key: Option<&str>, body: Option<&Value>| {
        let path = format!("/v1/intents/{}/{path}", intent["id"].as_str().unwrap());
        provider.try_call(Method::POST, &path, key, body).await
    };
    assert!(post("capture", None, None).await.is_err());
    assert_eq!(post("capture", None, None).await.unwrap().status(), 200);
    let part = json!({ "amount": 400 });
    assert!(post("refunds", Some("r-1"), Some(&part)).await.is_err());
    let again = post("refunds", Some("r-1"), Some(&part)).await.unwrap();
    assert_eq!(again.status(), 201);
    let books = provider.ask("/v1/books").await;
    let sums = json!({ "charges": 1, "charged": 1_000, "refunds": 1, "refunded": 400 });
    assert_eq!(books["totals"]["EUR"], sums);
    provider.stop().await;
}

#[tokio::test]
async fn webhooks_come_twice() {
    let provider = Provider::start(faults(|it| it.webhook_twice_rate = Rate::ALWAYS)).await;
    provider.charged("c-1", "tok_ok").await;
    let all = provider.receiver.comes(2).await;
    assert_eq!(all[0].id, all[1].id);
    provider.stop().await;
}

#[tokio::test]
async fn webhooks_come_late() {
    let late = Duration::from_secs(1);
    let set = |it: &mut Faults| (it.webhook_late_rate, it.late_time) = (Rate::ALWAYS, late);
    let provider = Provider::start(faults(set)).await;
    provider.charged("c-1", "tok_ok").await;
    let all = provider.receiver.comes(1).await;
    let told: Timestamp = all[0].body["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(
        all[0].at.duration_since(told).unsigned_abs() >= late,
        "{all:?}"
    );
    provider.stop().await;
}

/// It would wait for an hour; its successor sets it free.
#[tokio::test]
async fn webhooks_come_out_of_order() {
    let hour = Duration::from_hours(1);
    let set = |it: &mut Faults| (it.webhook_swap_rate, it.late_time) = (Rate::ALWAYS, hour);
    let provider = Provider::start(faults(set)).await;
    let intent = provider.charged("c-1", "tok_ok").await;
    provider.fails(&Faults::default()).await;
    provider.moved(&intent, "capture").await;
    let types = provider.receiver.types(2).await;
    assert_eq!(types, ["intent.captured", "intent.authorized"]);
    provider.stop().await;
}

#[tokio::test]
async fn webhooks_come_before_the_answer() {
    let provider = Provider::start(faults(|it| it.webhook_first_rate = Rate::ALWAYS)).await;
    for number in 1..=5 {
        provider.charged(&format!("c-{number}"), "tok_ok").await;
        assert_eq!(provider.receiver.received().len(), number);
    }
    provider.stop().await;
}

#[tokio::test]
async fn a_refund_is_refused_at_first_and_granted_when_it_is_tried_again() {
    let provider = Provider::start(faults(|it| it.refund_refusal_rate = Rate::ALWAYS)).await;
    let intent = provider.charged("c-1", "tok_ok").await;
    provider.moved(&intent, "capture").await;
    for key in ["r-1", "r-2"] {
        let refused = provider.refund(&intent, key, 400).await;
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(problem_code(refused, 409).await, "refund-refused");
        assert_eq!(provider.refund(&intent, key, 400).await.status(), 201);
    }
    let totals = &provider.ask("/v1/books").await["totals"]["EUR"];
    assert_eq!(totals["refunded"], 800);
    provider.stop().await;
}

#[tokio::test]
async fn the_provider_is_down_for_a_while_and_comes_back() {
    let outage = Duration::from_millis(300);
    let set = |it: &mut Faults| {
        (it.outage_rate, it.outage_time) = (Rate::try_from(0.5).unwrap(), outage);
    };
    let provider = Provider::start(faults(set)).await;
    let status = async || {
        let asked = provider.try_call(Method::GET, "/v1/books", None, None);
        asked.await.unwrap().status()
    };
    eventually("it is down", || async { status().await == 503 }).await;
    eventually("it is up", || async { status().await == 200 }).await;
    provider.stop().await;
}

#[tokio::test]
async fn an_operator_switches_faults_while_it_runs() {
    let provider = Provider::start(Faults::default()).await;
    provider.charged("c-1", "tok_ok").await;
    let down = faults(|it| it.down = true);
    provider.fails(&down).await;
    assert_eq!(
        provider.ask("/v1/faults").await,
        serde_json::to_value(&down).unwrap()
    );
    let refused = provider.charge("c-2", "tok_ok").await.unwrap();
    assert_eq!(problem_code(refused, 503).await, "unavailable");
    for wrong in [
        json!({ "lost_rate": 1.5 }),
        json!({ "late": "1s" }),
        json!({ "late_time": "soon" }),
    ] {
        let put = provider
            .try_call(Method::PUT, "/v1/faults", None, Some(&wrong))
            .await;
        assert_eq!(problem_code(put.unwrap(), 422).await, "invalid-body");
    }
    // What is not named is as it is without being set.
    let put = provider
        .try_call(Method::PUT, "/v1/faults", None, Some(&json!({})))
        .await;
    assert_eq!(put.unwrap().status(), 200);
    let intents = provider.ask("/v1/intents").await;
    assert_eq!(intents["intents"].as_array().unwrap().len(), 1);
    provider.stop().await;
}
