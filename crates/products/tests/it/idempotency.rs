//! A POST that is repeated after an unknown outcome takes effect once.

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use service::token::Role;

use crate::counter::{Answer, Counter, answer};

struct Admin<'a> {
    counter: &'a Counter,
    token: String,
}

impl<'a> Admin<'a> {
    fn of(counter: &'a Counter) -> Self {
        Self {
            counter,
            token: counter.signer.token(Role::Admin, 600),
        }
    }

    async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let url = format!("http://{}{path}", self.counter.address);
        let request = self.counter.client.post(url).bearer_auth(&self.token);
        let request = match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        answer(request.json(body)).await
    }
}

fn product(name: &str) -> Value {
    json!({ "product": {
        "name": name, "description": "for a desk", "price": 19.99, "quantity": 12,
        "categories": ["things"],
    } })
}

#[tokio::test]
async fn a_repeated_change_with_a_key_takes_effect_once() {
    let counter = Counter::open().await;
    let cup = counter.shop.product("cup", 1).await.product_id;
    let admin = Admin::of(&counter);
    let stock = format!("/api/products/{cup}/stock");
    for (path, body, other) in [
        (
            stock.as_str(),
            json!({ "quantity": 5 }),
            json!({ "quantity": 6 }),
        ),
        ("/api/products", product("lamp"), product("lamp 2")),
        (
            "/api/categories",
            json!({ "name": "garden" }),
            json!({ "name": "gardens" }),
        ),
    ] {
        let first = admin.post(path, Some("k"), &body).await;
        assert!(first.status.is_success(), "{path}: {}", first.body);
        assert!(!first.headers.contains_key("idempotent-replayed"), "{path}");
        let documents = counter.shop.documents().await;
        for _ in 0..2 {
            let again = admin.post(path, Some("k"), &body).await;
            assert_eq!(
                (again.status, &again.body),
                (first.status, &first.body),
                "{path}"
            );
            assert_eq!(again.headers["idempotent-replayed"], "true", "{path}");
            assert_eq!(again.headers.get("location"), first.headers.get("location"));
            assert_eq!(again.headers["content-type"], "application/json");
        }
        let reused = admin.post(path, Some("k"), &other).await;
        assert_eq!(
            (reused.status, &reused.body["code"]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!("idempotency-key-reused")
            ),
            "{path}"
        );
        let invalid = admin.post(path, Some("two words"), &other).await;
        assert_eq!(invalid.body["code"], "invalid-idempotency-key", "{path}");
        assert_eq!(counter.shop.documents().await, documents, "{path}");
        // For the next path it is another request.
        let records = counter.shop.database.database();
        let records = records.collection::<bson::Document>("idempotency");
        assert_eq!(
            records
                .delete_many(bson::doc! {})
                .await
                .unwrap()
                .deleted_count,
            1
        );
    }
    assert_eq!(counter.shop.state(cup).await.quantity, 6);
    // Without a key each request is one of its own, and so it is for another admin.
    let more = json!({ "quantity": 5 });
    admin.post(&stock, None, &more).await;
    admin.post(&stock, None, &more).await;
    admin.post(&stock, Some("k"), &more).await;
    Admin::of(&counter).post(&stock, Some("k"), &more).await;
    assert_eq!(counter.shop.state(cup).await.quantity, 26);
}

#[tokio::test]
async fn a_refused_change_may_be_tried_again_under_its_key() {
    let counter = Counter::open().await;
    let cup = counter.shop.product("cup", 1).await.product_id;
    let admin = Admin::of(&counter);
    let stock = format!("/api/products/{cup}/stock");
    let refused = admin
        .post(&stock, Some("k"), &json!({ "quantity": 0 }))
        .await;
    assert_eq!(refused.body["code"], "invalid-product");
    let mended = admin
        .post(&stock, Some("k"), &json!({ "quantity": 1 }))
        .await;
    assert_eq!(mended.status, StatusCode::OK, "{}", mended.body);
}

#[tokio::test]
async fn of_many_at_once_with_one_key_one_takes_effect() {
    let counter = Counter::open().await;
    let cup = counter.shop.product("cup", 1).await.product_id;
    let admin = Admin::of(&counter);
    let stock = format!("/api/products/{cup}/stock");
    let more = json!({ "quantity": 5 });
    let all = (0..20).map(|_| admin.post(&stock, Some("k"), &more));
    let mut new = 0;
    for answer in join_all(all).await {
        if answer.status == StatusCode::CONFLICT {
            assert_eq!(answer.body["code"], "idempotency-key-in-flight");
            assert!(answer.headers.contains_key("retry-after"));
            continue;
        }
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["quantity"], 6);
        new += u32::from(!answer.headers.contains_key("idempotent-replayed"));
    }
    assert_eq!(new, 1);
    assert_eq!(counter.shop.state(cup).await.quantity, 6);
}

#[tokio::test]
async fn idempotency_records_are_removed_by_the_database() {
    let counter = Counter::open().await;
    let database = counter.shop.database.database();
    let indexes = bson::doc! { "listIndexes": "idempotency" };
    let indexes = database.run_command(indexes).await.unwrap().to_string();
    let seconds = outbox::idempotency::IDEMPOTENCY_DAYS * 24 * 60 * 60;
    let expiry = format!("\"expireAfterSeconds\": {seconds}");
    assert!(indexes.contains(&expiry), "{indexes}");
}
