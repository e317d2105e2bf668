//! Dead letters over HTTP.

use serde_json::{Value, json};
use service::token::Role;

use crate::fixture::{Service, TOPIC};

fn id(offset: i64) -> String {
    format!("{TOPIC}:0:{offset}")
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn admins_only() {
    let service = Service::start().await;
    service.add_dead_letter("a", 1, false).await;
    let dead_letter = id(1);
    let reason = || Some(json!({ "reason": "a test" }));
    for (path, body) in [
        (String::new(), None),
        ("/actions".to_owned(), None),
        (format!("/{dead_letter}"), None),
        (format!("/{dead_letter}/retry"), reason()),
        (format!("/{dead_letter}/discard"), reason()),
    ] {
        let nobody = service.call(&path, None, body.clone()).await;
        assert_eq!(code(&nobody), (401, "unauthorized"), "{path}");
        let user = service.call(&path, Some(Role::User), body).await;
        assert_eq!(code(&user), (403, "forbidden"), "{path}");
    }
    assert_eq!(service.get("").await["parked"], 1);
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn dead_letters_are_listed_and_shown() {
    let service = Service::start().await;
    let none = json!({ "letters": [], "parked": 0 });
    assert_eq!(service.get("").await, none);
    assert_eq!(service.get("/actions").await, json!({ "actions": [] }));
    let first = service.add_dead_letter("a", 1, false).await;
    service.add_dead_letter("a", 4, true).await;
    service.add_dead_letter("b", 2, false).await;

    let list = service.get("").await;
    assert_eq!(list["parked"], 3);
    let dead_letters = list["letters"].as_array().unwrap();
    let seen: Vec<_> = dead_letters
        .iter()
        .map(|dead_letter| (dead_letter["id"].as_str().unwrap(), &dead_letter["waiting"]))
        .collect();
    assert_eq!(
        seen,
        [(id(1).as_str(), &json!(1)), (id(2).as_str(), &json!(0))]
    );
    let only = service.get("?key=b").await;
    assert_eq!(only["letters"].as_array().unwrap().len(), 1);

    let shown = service.get(&format!("/{}", id(1))).await;
    assert_eq!(shown["reason"], "the pings were broken");
    assert_eq!(shown["event"], "Ping");
    assert_eq!(shown["event_id"], first.to_string());
    assert_eq!(shown["payload"], r#"{"name":"a"}"#);
    assert_eq!(shown["payload_bytes"], 12);
    assert_eq!(shown["waits_for"], Value::Null);
    assert_eq!(shown["behind"][0]["id"], id(4));
    let waiting = service.get(&format!("/{}", id(4))).await;
    assert_eq!(waiting["waits_for"], id(1));

    for path in ["/nothing", "/pings.ping.v1:0:99"] {
        let answer = service.call(path, Some(Role::Admin), None).await;
        assert_eq!(code(&answer), (404, "unknown-letter"), "{path}");
    }
    let answer = service.call("?limit=9", Some(Role::Admin), None).await;
    assert_eq!(code(&answer), (400, "invalid-query"));
}

#[tokio::test]
async fn a_retry_applies_the_whole_key_once_it_can() {
    let service = Service::start().await;
    let mut sent = Vec::new();
    for (offset, waits) in [(1, false), (4, true), (6, true)] {
        sent.push(service.add_dead_letter("a", offset, waits).await);
    }
    service.breaks(true);
    let retry = format!("/{}/retry", id(1));
    let (status, failed) = service.post(&retry, json!({ "reason": "perhaps" })).await;
    assert_eq!(
        (status, failed["outcome"].as_str()),
        (200, Some("failed-again"))
    );
    assert_eq!(failed["reason"], "the pings are broken");
    assert_eq!(
        (&failed["applied"], &failed["left"]),
        (&json!(0), &json!(3))
    );
    let list = service.get("").await;
    assert_eq!(list["letters"][0]["attempts"], 2);
    assert_eq!(list["letters"][0]["reason"], "the pings are broken");

    service.breaks(false);
    let waiting = service
        .post(&format!("/{}/retry", id(4)), json!({ "reason": "" }))
        .await;
    assert_eq!(code(&waiting), (409, "letter-waits"));
    assert_eq!(waiting.1["waits_for"], id(1));
    let (status, done) = service.post(&retry, json!({ "reason": " mended " })).await;
    assert_eq!((status, done["outcome"].as_str()), (200, Some("applied")));
    assert_eq!((&done["applied"], &done["left"]), (&json!(3), &json!(0)));
    assert_eq!(service.received(), sent, "in their order");
    assert_eq!(service.get("").await["parked"], 0);

    let actions = service.get("/actions").await;
    let actions = actions["actions"].as_array().unwrap();
    let seen: Vec<_> = actions
        .iter()
        .map(|done| [&done["action"], &done["why"], &done["who"], &done["letter"]])
        .map(|fields| fields.map(|field| field.as_str().unwrap_or_default().to_owned()))
        .collect();
    let who = "someone@example.com";
    let dead_letter = id(1);
    let expected = [
        ["retry", "mended", who, &dead_letter].map(str::to_owned),
        ["retry", "perhaps", who, &dead_letter].map(str::to_owned),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_dead_letter_is_discarded_for_a_reason_only() {
    let service = Service::start().await;
    service.add_dead_letter("a", 1, false).await;
    let second = service.add_dead_letter("a", 4, true).await;
    let discard = format!("/{}/discard", id(1));
    let long = "x".repeat(501);
    for reason in ["", "   ", &long] {
        let answer = service.post(&discard, json!({ "reason": reason })).await;
        assert_eq!(code(&answer), (422, "reason-required"), "{reason:?}");
    }
    let answer = service.post(&discard, json!({})).await;
    assert_eq!(code(&answer), (422, "invalid-body"));
    let waiting = format!("/{}/discard", id(4));
    let answer = service.post(&waiting, json!({ "reason": "no" })).await;
    assert_eq!(code(&answer), (409, "letter-waits"));
    assert_eq!(service.get("").await["parked"], 2);

    let (status, done) = service.post(&discard, json!({ "reason": "a test" })).await;
    assert_eq!((status, done["outcome"].as_str()), (200, Some("discarded")));
    assert_eq!(service.received(), [second], "what waited is applied");
    assert_eq!(service.get("").await["parked"], 0);
    let again = service.post(&discard, json!({ "reason": "a test" })).await;
    assert_eq!(code(&again), (404, "unknown-letter"));
}

#[test]
fn two_services_are_described_beside_each_other() {
    let mut whole = host::operations::openapi("orders");
    whole.merge(host::operations::openapi("products"));
    let whole = serde_json::to_value(&whole).unwrap();
    let paths = whole["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 20);
    let mut ids: Vec<_> = paths
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((count, ids.len()), (20, 20));
    for kind in ["dead-letters", "jobs"] {
        assert!(paths.contains_key(&format!("/api/admin/{kind}/orders/{{id}}/retry")));
    }
}
