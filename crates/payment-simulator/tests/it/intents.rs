//! Charges from their authorisation to their last refund.

use payment_simulator::faults::Faults;
use payment_simulator::{PaymentSimulator, Settings};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use testkit::problem_code;

use crate::provider::{Provider, charge};

#[tokio::test]
async fn a_charge_is_authorised_captured_and_refunded_in_parts() {
    let provider = Provider::start(Faults::default()).await;
    let answer = provider.charge("c-1", "tok_ok").await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let intent: Value = answer.json().await.unwrap();
    assert_eq!(intent["status"], "requires_capture");
    assert_eq!(provider.ask(&location).await, intent);
    let early = provider.refund(&intent, "r-0", 1).await;
    assert_eq!(problem_code(early, 409).await, "intent-state");

    for _ in 0..2 {
        let captured: Value = provider
            .moved(&intent, "capture")
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(
            (&captured["status"], &captured["version"]),
            (&json!("captured"), &json!(2))
        );
    }
    let void = provider.moved(&intent, "void").await;
    assert_eq!(problem_code(void, 409).await, "intent-state");

    let part = provider.refund(&intent, "r-1", 300).await;
    assert_eq!(part.status(), 201);
    let part: Value = part.json().await.unwrap();
    assert_eq!(
        (&part["amount"], &part["intent"]["refunded"]),
        (&json!(300), &json!(300))
    );
    let more = provider.refund(&intent, "r-2", 701).await;
    assert_eq!(more.status(), 409);
    let more: Value = more.json().await.unwrap();
    assert_eq!(
        (&more["code"], &more["left"]),
        (&json!("refund-too-large"), &json!(700))
    );
    assert_eq!(provider.refund(&intent, "r-3", 700).await.status(), 201);
    let now = provider.ask(&location).await;
    assert_eq!(
        (&now["status"], &now["refunded"]),
        (&json!("refunded"), &json!(1_000))
    );

    let told = provider.receiver.types(4).await;
    let expected = ["authorized", "captured", "refunded", "refunded"];
    let mut expected = expected.map(|what| format!("intent.{what}"));
    expected.sort_unstable();
    let mut told = told;
    told.sort_unstable();
    assert_eq!(told, expected);
    provider.stop().await;
}

#[tokio::test]
async fn what_is_voided_moves_no_money() {
    let provider = Provider::start(Faults::default()).await;
    let intent = provider.charged("c-1", "tok_ok").await;
    for _ in 0..2 {
        let voided: Value = provider.moved(&intent, "void").await.json().await.unwrap();
        assert_eq!(voided["status"], "voided");
    }
    let capture = provider.moved(&intent, "capture").await;
    assert_eq!(problem_code(capture, 409).await, "intent-state");
    let refund = provider.refund(&intent, "r-1", 1).await;
    assert_eq!(problem_code(refund, 409).await, "intent-state");
    assert_eq!(provider.ask("/v1/books").await["entries"], json!([]));
    provider.stop().await;
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_another_request_is_refused() {
    let provider = Provider::start(Faults::default()).await;
    let first = provider.charged("c-1", "tok_ok").await;
    provider.moved(&first, "capture").await;
    let again = provider.charge("c-1", "tok_ok").await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    let other = provider.charge("c-1", "tok_slow").await.unwrap();
    assert_eq!(problem_code(other, 422).await, "idempotency-key-reused");

    let refund: Value = provider
        .refund(&first, "r-1", 100)
        .await
        .json()
        .await
        .unwrap();
    let again: Value = provider
        .refund(&first, "r-1", 100)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(refund, again);
    let other = provider.refund(&first, "r-1", 101).await;
    assert_eq!(problem_code(other, 422).await, "idempotency-key-reused");
    let now = provider.ask("/v1/intents?idempotency_key=c-1").await;
    assert_eq!(now["intents"][0]["refunded"], 100);
    provider.stop().await;
}

/// Of requests that are under way at once under one key, one takes effect.
#[tokio::test]
async fn requests_at_once_under_one_key_charge_once() {
    let provider = Provider::start(Faults::default()).await;
    let all = (0..8).map(|_| provider.charged("c-1", "tok_ok"));
    let all = futures::future::join_all(all).await;
    assert!(all.iter().all(|one| one == &all[0]), "{all:#?}");
    let listed = provider.ask("/v1/intents").await;
    assert_eq!(listed["intents"].as_array().unwrap().len(), 1);
    provider.stop().await;
}

#[tokio::test]
async fn intents_are_found_by_reference_and_by_key_in_pages() {
    let provider = Provider::start(Faults::default()).await;
    let mut ids = Vec::new();
    for key in ["c-1", "c-2", "c-3"] {
        ids.push(provider.charged(key, "tok_ok").await["id"].clone());
    }
    let mut other = charge("tok_ok");
    other["reference"] = json!("order 2");
    assert_eq!(
        provider.call("/v1/intents", "c-4", &other).await.status(),
        201
    );

    let first = provider
        .ask("/v1/intents?reference=order%201&page_size=2")
        .await;
    let token = first["next_page_token"].as_str().unwrap();
    let path = format!("/v1/intents?reference=order%201&page_size=2&page_token={token}");
    let second = provider.ask(&path).await;
    assert!(second["next_page_token"].is_null());
    let pages = [&first, &second].map(|page| page["intents"].as_array().unwrap().clone());
    let found: Vec<Value> = pages.concat().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(found, ids);
    let by_key = provider.ask("/v1/intents?idempotency_key=c-2").await;
    assert_eq!(by_key["intents"][0]["id"], ids[1]);
    let unknown = provider.ask("/v1/intents?idempotency_key=c-9").await;
    assert_eq!(unknown["intents"], json!([]));
    let nothing = provider
        .try_call(Method::GET, "/v1/intents/pi_0", None, None)
        .await;
    assert_eq!(problem_code(nothing.unwrap(), 404).await, "not-found");
    provider.stop().await;
}

#[tokio::test]
async fn a_wrong_request_is_refused_and_changes_nothing() {
    let provider = Provider::start(Faults::default()).await;
    for (field, wrong) in [
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!(1_000_000_000_001_i64)),
        ("reference", json!("")),
        ("reference", json!("a\nb")),
        ("reference", json!("x".repeat(201))),
        ("token", json!("")),
        ("token", json!("tok ok")),
    ] {
        let mut body = charge("tok_ok");
        body[field] = wrong;
        let refused = provider.call("/v1/intents", "c-1", &body).await;
        assert_eq!(refused.status(), 422, "{body}");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!("invalid-intent"), &json!(field))
        );
    }
    for (field, wrong) in [
        ("currency", json!("XXL")),
        ("amount", json!(1.5)),
        ("more", json!(1)),
    ] {
        let mut body = charge("tok_ok");
        body[field] = wrong;
        let refused = provider.call("/v1/intents", "c-1", &body).await;
        assert_eq!(problem_code(refused, 422).await, "invalid-body");
    }
    let body = charge("tok_ok");
    let keyless = provider
        .try_call(Method::POST, "/v1/intents", None, Some(&body))
        .await;
    assert_eq!(
        problem_code(keyless.unwrap(), 400).await,
        "invalid-idempotency-key"
    );
    for query in ["page_size=0", "page_size=1001", "other=1"] {
        let path = format!("/v1/intents?{query}");
        let refused = provider
            .try_call(Method::GET, &path, None, None)
            .await
            .unwrap();
        assert_eq!(problem_code(refused, 400).await, "invalid-query");
    }
    assert_eq!(provider.ask("/v1/intents").await["intents"], json!([]));

    let intent = provider.charged("c-1", "tok_ok").await;
    provider.moved(&intent, "capture").await;
    for wrong in [0, -5] {
        let refused = provider.refund(&intent, "r-1", wrong).await;
        assert_eq!(problem_code(refused, 422).await, "invalid-intent");
    }
    let unknown = json!({ "id": "pi_0" });
    let refused = provider.refund(&unknown, "r-1", 1).await;
    assert_eq!(problem_code(refused, 404).await, "not-found");
    let refused = provider.moved(&unknown, "capture").await;
    assert_eq!(problem_code(refused, 404).await, "not-found");
    provider.stop().await;
}

#[tokio::test]
async fn nobody_gets_in_without_the_key() {
    let provider = Provider::start(Faults::default()).await;
    let client = Client::new();
    for (method, path) in [
        (Method::POST, "/v1/intents"),
        (Method::GET, "/v1/intents"),
        (Method::GET, "/v1/intents/pi_0"),
        (Method::POST, "/v1/intents/pi_0/capture"),
        (Method::POST, "/v1/intents/pi_0/void"),
        (Method::POST, "/v1/intents/pi_0/refunds"),
        (Method::GET, "/v1/books"),
        (Method::GET, "/v1/faults"),
        (Method::PUT, "/v1/faults"),
    ] {
        for authorization in [
            "",
            "Bearer ",
            "Bearer sk_demo_quadrilla",
            "sk_demo_quadrille",
        ] {
            let request = client.request(method.clone(), provider.url(path));
            let request = request.header("authorization", authorization);
            let refused = request.json(&charge("tok_ok")).send().await.unwrap();
            assert_eq!(
                refused.headers()["www-authenticate"],
                "Bearer",
                "{method} {path}"
            );
            assert_eq!(problem_code(refused, 401).await, "unauthorized");
        }
    }
    provider.stop().await;
}

/// Only a demo start has a key that everybody knows.
#[tokio::test]
async fn a_start_in_earnest_needs_secrets_of_its_own() {
    let start = async |settings| {
        let lifecycle = service::lifecycle::Lifecycle::new(std::time::Duration::from_secs(1));
        let common = host::Settings {
            http: service::config::HttpSettings::on_free_port(),
            ..host::Settings::default()
        };
        let started = host::start::<PaymentSimulator>(common, settings, &lifecycle).await;
        started.err().unwrap().to_string()
    };
    let refused = start(Settings::default()).await;
    assert!(
        refused.contains("QUADRILLE_PAYMENT_SIMULATOR_KEY"),
        "{refused}"
    );
    let settings = Settings {
        key: Some("sk_geheim".into()),
        webhook_url: Some("http://127.0.0.1:1/".to_owned()),
        ..Settings::default()
    };
    let refused = start(settings).await;
    assert!(
        refused.contains("QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_SECRET"),
        "{refused}"
    );
    assert!(!refused.contains("geheim"), "{refused}");
}
