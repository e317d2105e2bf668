//! Every wrong input: the right status, a clear problem, nothing changed.

use http::Method;
use serde_json::json;
use service::token::Role;

use crate::fixture::customer;
use crate::server::{Service, answer, claims, key_pair, sign};

fn line(line: &str) -> String {
    format!("{{\"products\":[{line}]}}")
}

/// Bodies, each with the status and the code of the problem that it is.
fn wrong_orders() -> Vec<(String, u16, &'static str)> {
    let many = |count: usize, name: &dyn Fn(usize) -> String| {
        let lines: Vec<_> = (0..count)
            .map(|n| json!({ "name": name(n), "quantity": 1 }))
            .collect();
        json!({ "products": lines }).to_string()
    };
    let mut cases: Vec<(String, u16, &str)> = vec![
        (String::new(), 400, "malformed-json"),
        ("{".into(), 400, "malformed-json"),
        ("not json".into(), 400, "malformed-json"),
        ("[]".into(), 422, "invalid-body"),
        ("null".into(), 422, "invalid-body"),
        ("{}".into(), 422, "invalid-body"),
        (r#"{"products":null}"#.into(), 422, "invalid-body"),
        (r#"{"products":{}}"#.into(), 422, "invalid-body"),
        (
            r#"{"products":[],"coupon":"x"}"#.into(),
            422,
            "invalid-body",
        ),
        (r#"{"products":[]}"#.into(), 422, "invalid-order"),
        (
            line(r#"{"name":"ghost","quantity":1}"#),
            404,
            "unknown-product",
        ),
        (
            line(r#"{"name":"chair","quantity":20},{"name":"CHAIR","quantity":20}"#),
            409,
            "insufficient-stock",
        ),
        (
            line(r#"{"name":".*","quantity":1}"#),
            404,
            "unknown-product",
        ),
        (
            line(r#"{"name":"chair","quantity":31}"#),
            409,
            "insufficient-stock",
        ),
        (
            line(r#"{"name":"chair","quantity":20},{"name":"chair","quantity":20}"#),
            409,
            "insufficient-stock",
        ),
        (
            line(r#"{"name":"cup","quantity":1},{"name":"ghost","quantity":1}"#),
            404,
            "unknown-product",
        ),
        (many(101, &|n| format!("p{n}")), 422, "invalid-order"),
        (many(1001, &|_| "cup".to_owned()), 422, "invalid-order"),
        (many(201, &|_| "cup".to_owned()), 409, "insufficient-stock"),
    ];
    for wrong in [
        r#"{"name":"chair"}"#,
        r#"{"quantity":1}"#,
        r#"{"name":"chair","quantity":1,"cost":0}"#,
        r#"{"name":1,"quantity":1}"#,
        r#"{"name":null,"quantity":1}"#,
        r#"{"name":{"$ne":""},"quantity":1}"#,
        r#"{"name":"chair","quantity":"1"}"#,
        r#"{"name":"chair","quantity":1.5}"#,
        r#"{"name":"chair","quantity":1.0}"#,
        r#"{"name":"chair","quantity":-0}"#,
        r#"{"name":"chair","quantity":1e3}"#,
        r#"{"name":"chair","quantity":1e40}"#,
        r#"{"name":"chair","quantity":99999999999999999999}"#,
        r#"{"name":"chair","quantity":null}"#,
        r#"{"name":"chair","quantity":true}"#,
        r#""chair""#,
    ] {
        cases.push((line(wrong), 422, "invalid-body"));
    }
    for quantity in [
        "0",
        "-1",
        "1000001",
        "9223372036854775807",
        "-9223372036854775808",
    ] {
        let wrong = format!(r#"{{"name":"chair","quantity":{quantity}}}"#);
        cases.push((line(&wrong), 422, "invalid-order"));
    }
    for name in [String::new(), "  ".to_owned(), "x".repeat(201)] {
        cases.push((
            line(&json!({ "name": name, "quantity": 1 }).to_string()),
            422,
            "invalid-order",
        ));
    }
    cases
}

#[tokio::test]
async fn a_wrong_order_is_refused_and_changes_nothing() {
    let service = Service::start(1).await;
    let me = service.user();
    let before = service.shop.contents().await;
    for (body, status, code) in &wrong_orders() {
        let refused = me.post(body, &[]).await;
        assert_eq!(
            refused.problem(),
            (*status, *code),
            "{body}: {}",
            refused.body
        );
    }
    // Where the fault lies in a field, the sentence says which.
    let refused = me
        .post(&line(r#"{"name":"chair","quantity":1.5}"#), &[])
        .await;
    assert!(
        refused.text("detail").contains("quantity"),
        "{}",
        refused.body
    );
    let refused = me.order(&[("chair", 0)], &[]).await;
    assert!(refused.text("detail").contains("chair"), "{}", refused.body);
    assert_eq!(refused.body["product"], "chair");
    assert_eq!(before, service.shop.contents().await);
    service.stop().await;
}

#[tokio::test]
async fn a_wrong_header_or_too_much_is_refused_and_changes_nothing() {
    let service = Service::start(1).await;
    let me = service.user();
    let before = service.shop.contents().await;
    let huge = format!(
        r#"{{"products":[{{"name":"{}","quantity":1}}]}}"#,
        "x".repeat(10 << 20)
    );
    assert_eq!(me.post(&huge, &[]).await.problem(), (413, "body-too-large"));
    let text = me
        .request(Method::POST, "/api/orders")
        .header("content-type", "text/plain");
    let text = answer(text.body(r#"{"products":[]}"#)).await;
    assert_eq!(text.problem(), (415, "unsupported-media-type"));
    let keys: [&[u8]; 4] = [b"", b"a b", b"\xff", &[b'k'; 256]];
    for key in keys {
        let request = me
            .request(Method::POST, "/api/orders")
            .header("content-type", "application/json")
            .header(
                "idempotency-key",
                http::HeaderValue::from_bytes(key).unwrap(),
            )
            .body(r#"{"products":[{"name":"cup","quantity":1}]}"#);
        assert_eq!(
            answer(request).await.problem(),
            (400, "invalid-idempotency-key")
        );
    }
    assert_eq!(before, service.shop.contents().await);
    service.stop().await;
}

#[tokio::test]
async fn a_wrong_question_is_refused() {
    let service = Service::start(1).await;
    let (me, admin) = (service.user(), service.client(0, customer(), Role::Admin));
    for query in [
        "page_size=0",
        "page_size=101",
        "page_size=-1",
        "page_size=many",
        "page_size=1.5",
    ] {
        let refused = me.get(&format!("/api/orders?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid-query"), "{query}");
        let refused = admin.get(&format!("/api/admin/orders?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid-query"), "{query}");
    }
    for query in ["status=LOST", "status=pending", "id=7"] {
        let refused = admin.get(&format!("/api/admin/orders?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid-query"), "{query}");
    }
    for token in ["x", "%00", "AAAA"] {
        let refused = me.get(&format!("/api/orders?page_token={token}")).await;
        assert_eq!(refused.problem(), (400, "invalid-page-token"), "{token}");
    }
    for id in ["7", "not-an-id", "0192f0c1-0000-7000-8000-000000000000"] {
        let refused = me.get(&format!("/api/orders/{id}")).await;
        assert_eq!(refused.problem(), (404, "unknown-order"), "{id}");
    }
    let stream = me
        .request(Method::GET, "/api/orders/stream")
        .header("last-event-id", "soon");
    assert_eq!(
        answer(stream).await.problem(),
        (400, "invalid-last-event-id")
    );
    assert_eq!(me.get("/api/nothing").await.problem(), (404, "not-found"));
    let deleted = answer(me.request(Method::DELETE, "/api/orders")).await;
    assert_eq!(deleted.problem(), (405, "method-not-allowed"));
    service.stop().await;
}

#[tokio::test]
async fn nobody_gets_in_without_a_good_token() {
    let service = Service::start(1).await;
    let before = service.shop.contents().await;
    let good = claims(customer(), Role::Admin);
    let expired = service.signer.sign(&service::token::Claims {
        exp: good.iat - 60,
        ..good.clone()
    });
    let foreign = service.signer.sign(&service::token::Claims {
        aud: "other".to_owned(),
        ..good.clone()
    });
    let (other_key, _) = key_pair();
    let forged = sign(&other_key, &good);
    let valid = service.signer.sign(&good);
    let parts: Vec<&str> = valid.split('.').collect();
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let tokens = [
        expired,
        foreign,
        forged,
        unsigned,
        "x.y.z".to_owned(),
        String::new(),
    ];
    let paths = [
        "/api/orders",
        "/api/orders/stream",
        "/api/admin/orders",
        "/api/orders/7",
    ];
    let mut clients: Vec<_> = tokens
        .iter()
        .map(|token| service.with_token(0, token))
        .collect();
    clients.push(service.anyone(0));
    for client in &clients {
        for path in paths {
            let refused = client.get(path).await;
            assert_eq!(
                refused.problem(),
                (401, "unauthorized"),
                "{path} with {:?}",
                client.token
            );
            assert!(
                refused.headers["www-authenticate"]
                    .to_str()
                    .unwrap()
                    .starts_with("Bearer")
            );
        }
        assert_eq!(
            client.order(&[("cup", 1)], &[]).await.problem(),
            (401, "unauthorized")
        );
    }
    assert_eq!(before, service.shop.contents().await);
    service.stop().await;
}
