//! Webhooks are signed, and none is lost.

use std::collections::BTreeSet;

use events::Money;
use events::money::DEFAULT_CURRENCY;
use http::StatusCode;
use outbox::{MessageContext, SystemClock, transact};
use payment_simulator::commands::{CreateIntent, NewIntent, Tools};
use payment_simulator::domain::CardToken;
use payment_simulator::faults::Faults;
use payment_simulator::{PaymentSimulator, Settings};
use reqwest::Client;
use serde_json::Value;
use testkit::{TestEnvironment, TestService, eventually};

use crate::provider::Provider;
use crate::receiver::Receiver;

#[tokio::test]
async fn a_webhook_says_what_the_intent_is_since_its_change() {
    let provider = Provider::start(Faults::default()).await;
    let intent = provider.charged("c-1", "tok_ok").await;
    // The receiver takes down only what the library finds well signed.
    let told = provider.receiver.comes(1).await;
    assert_eq!(told[0].kind(), "intent.authorized");
    assert_eq!(told[0].body["data"], intent);
    let captured: Value = provider
        .moved(&intent, "capture")
        .await
        .json()
        .await
        .unwrap();
    let told = provider.receiver.comes(2).await;
    assert_eq!(told[1].body["data"], captured);
    let (_, receiver) = provider.stop().await;
    let forged = Client::new()
        .post(receiver.url())
        .header("webhook-id", "evt_1");
    let forged = forged
        .header("webhook-timestamp", "1")
        .header("webhook-signature", "v1,AAAA");
    assert_eq!(forged.body("{}").send().await.unwrap().status(), 401);
}

/// The process ends while the receiver takes nothing; the next one goes on under the same ids.
#[tokio::test]
async fn webhooks_that_wait_survive_a_restart() {
    let provider = Provider::start(Faults::default()).await;
    provider.receiver.answers(StatusCode::SERVICE_UNAVAILABLE);
    let intent = provider.charged("c-1", "tok_ok").await;
    provider.moved(&intent, "capture").await;
    let ids = |receiver: &Receiver| -> BTreeSet<String> {
        receiver.received().into_iter().map(|one| one.id).collect()
    };
    eventually("both are tried", || async {
        ids(&provider.receiver).len() == 2
    })
    .await;
    let (environment, receiver) = provider.stop().await;
    let (tried, before) = (ids(&receiver), receiver.received().len());

    receiver.answers(StatusCode::OK);
    let provider = Provider::start_in(environment, receiver, Faults::default()).await;
    eventually("both are taken", || async {
        let since: BTreeSet<_> = provider
            .receiver
            .received()
            .split_off(before)
            .into_iter()
            .map(|one| one.id)
            .collect();
        since == tried
    })
    .await;
    provider.stop().await;
}

/// As when the process is killed right after the commit.
#[tokio::test]
async fn a_charge_that_nobody_had_told_yet_is_told_by_the_next_process() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("payment-simulator").await;
    host::prepare::<PaymentSimulator>(&database).await.unwrap();
    let faults = Faults::default();
    let tools = Tools {
        database: &database,
        clock: &SystemClock,
        faults: &faults,
        webhooks: true,
    };
    let new = NewIntent {
        amount: Money::new(1_000, DEFAULT_CURRENCY),
        card: CardToken::new("tok_ok".to_owned()).unwrap(),
        reference: "order 1".to_owned(),
        key: "c-1".to_owned(),
    };
    let mut charge = CreateIntent::new(tools, MessageContext::default(), new);
    let made = transact(&database, &mut charge).await.unwrap().unwrap();

    let receiver = Receiver::start().await;
    let provider = Provider::start_in(environment, receiver, faults).await;
    let told = provider.receiver.comes(1).await;
    assert_eq!(told[0].body["data"]["id"], made.intent.id.as_str());
    provider.stop().await;
}

#[tokio::test]
async fn without_an_address_nobody_is_told() {
    let environment = TestEnvironment::new().await;
    let service =
        TestService::start::<PaymentSimulator>(environment, true, Settings::default()).await;
    let charge = Client::new()
        .post(service.url("/v1/intents"))
        .bearer_auth(payment_simulator::DEMO_KEY);
    let charge = charge
        .header("idempotency-key", "c-1")
        .json(&crate::provider::charge("tok_ok"));
    assert_eq!(charge.send().await.unwrap().status(), 201);
    let database = service.environment.database("payment-simulator").await;
    let counts = outbox::JobStore::job_counts(&database).await.unwrap();
    assert_eq!((counts.waiting, counts.running, counts.dead), (0, 0, 0));
    service.stop().await;
}
