//! The intake's routes, for clients that exist already, and its rules.

use events::PurchaseCreate;
use outbox::OutboxStore;
use serde_json::{Value, json};
use service::token::Role;
use testkit::{eventually, problem_code};

use crate::server::{Server, purchase};

#[tokio::test]
async fn a_purchase_is_taken_told_and_listed_under_both_addresses() {
    let server = Server::start(true).await;
    for (prefix, user) in [("", "ann"), ("/scalable-shop-cm-server", "bob")] {
        let bought = server
            .post(&format!("{prefix}/buy"), None, &purchase(user, "1"))
            .await;
        assert_eq!(bought.status(), 200);
        let bought: Value = bought.json().await.unwrap();
        let expected = json!({ "status": "Ok!", "message": "Message successfully sent to Kafka!" });
        assert_eq!(bought, expected);

        let path = format!("{prefix}/getAllUserBuys/{user}");
        let all: Value = server.get(&path, None).await.json().await.unwrap();
        assert_eq!(all["username"], user);
        let mut row = all["purchases"][0].clone();
        assert!(row["_id"].is_string());
        row.as_object_mut().unwrap().remove("_id");
        assert_eq!(row, purchase(user, "1"));

        let path = format!("{prefix}/buyList/{user}");
        let list: Value = server.get(&path, None).await.json().await.unwrap();
        assert_eq!(
            (&list["status"], &list["purchases"]),
            (&json!("Ok!"), &all["purchases"])
        );

        let health = server.get(&format!("{prefix}/healthz"), None).await;
        assert_eq!(health.text().await.unwrap(), "Success");
    }
    let told = || async { server.environment.read::<PurchaseCreate>().await.len() == 2 };
    eventually("everyone hears of both", told).await;
    let told = server.environment.read::<PurchaseCreate>().await;
    let mut users: Vec<_> = told.iter().map(|one| one.event.username.as_str()).collect();
    users.sort_unstable();
    assert_eq!(users, ["ann", "bob"]);
    server.stop().await;
}

#[tokio::test]
async fn the_same_values_with_the_same_key_get_the_first_answer_again() {
    let server = Server::start(true).await;
    let post = async |key: &str, body: &Value| server.post_with_key("/buy", key, body).await;
    let bought = purchase("ann", "1");
    let first = post("k", &bought).await;
    assert_eq!(first.status(), 200);
    let first = first.text().await.unwrap();
    let again = post("k", &bought).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(
        (again.status().as_u16(), again.text().await.unwrap()),
        (200, first)
    );
    let other = post("k", &purchase("ann", "2")).await;
    assert_eq!(problem_code(other, 422).await, "idempotency-key-reused");
    let duplicate = post("another", &bought).await;
    assert_eq!(problem_code(duplicate, 409).await, "purchase-exists");
    let duplicate = server.post("/buy", None, &bought).await;
    assert_eq!(problem_code(duplicate, 409).await, "purchase-exists");
    server.stop().await;
}

#[tokio::test]
async fn the_same_values_are_taken_once_also_at_once() {
    let server = Server::start(true).await;
    let same = purchase("ann", "1");
    let all = (0..16).map(|_| server.post("/buy", None, &same));
    let mut taken = 0;
    for answer in futures::future::join_all(all).await {
        if answer.status() == 200 {
            taken += 1;
        } else {
            assert_eq!(problem_code(answer, 409).await, "purchase-exists");
        }
    }
    assert_eq!(taken, 1);
    assert_eq!(
        server
            .post("/buy", None, &purchase("ann", "2"))
            .await
            .status(),
        200
    );
    let database = server.environment.database("purchases").await;
    let drained = || async { database.backlog().await.unwrap().records == 0 };
    eventually("the outbox is empty", drained).await;
    assert_eq!(server.environment.read::<PurchaseCreate>().await.len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn wrong_purchases_are_refused_by_their_field_and_change_nothing() {
    let server = Server::start(true).await;
    for (field, value) in [
        ("price", "free"),
        ("price", "-1"),
        ("username", ""),
        ("userid", " "),
        ("timestamp", ""),
    ] {
        let mut wrong = purchase("ann", "1");
        wrong[field] = value.into();
        let answer = server.post("/buy", None, &wrong).await;
        assert_eq!(
            problem_code(answer, 422).await,
            "invalid-purchase",
            "{field}"
        );
    }
    let missing = json!({ "username": "ann" });
    assert_eq!(
        problem_code(server.post("/buy", None, &missing).await, 422).await,
        "invalid-body"
    );
    let number = json!({ "username": "ann", "userid": 17, "price": "1", "timestamp": "1" });
    assert_eq!(
        problem_code(server.post("/buy", None, &number).await, 422).await,
        "invalid-body"
    );
    for query in ["page_size=0", "page_size=1001", "page_size=many", "limit=1"] {
        let path = format!("/buyList/ann?{query}");
        assert_eq!(
            problem_code(server.get(&path, None).await, 400).await,
            "invalid-query",
            "{query}"
        );
    }
    let list: Value = server.get("/buyList/ann", None).await.json().await.unwrap();
    assert_eq!(list["purchases"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn pages_show_each_purchase_once_in_the_order_in_which_they_came() {
    let server = Server::start(true).await;
    for number in 0..7 {
        let bought = purchase("ann", &number.to_string());
        assert_eq!(server.post("/buy", None, &bought).await.status(), 200);
    }
    let mut seen = Vec::new();
    let mut path = "/getAllUserBuys/ann?page_size=3".to_owned();
    loop {
        let page: Value = server.get(&path, None).await.json().await.unwrap();
        let rows = page["purchases"].as_array().unwrap();
        assert!(rows.len() <= 3);
        seen.extend(
            rows.iter()
                .map(|row| row["timestamp"].as_str().unwrap().to_owned()),
        );
        match page["next_page_token"].as_str() {
            Some(token) => path = format!("/getAllUserBuys/ann?page_size=3&page_token={token}"),
            None => break,
        }
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6"]);
    server.stop().await;
}

#[tokio::test]
async fn in_earnest_a_user_sees_and_adds_only_own_purchases() {
    let server = Server::start(false).await;
    let (token, claims) = server.signer.token_and_claims(Role::User, 600);
    let own = json!({
        "username": claims.email, "userid": claims.sub, "price": "5", "timestamp": "1",
    });
    assert_eq!(
        problem_code(server.post("/buy", None, &own).await, 401).await,
        "unauthorized"
    );
    // Who may not call is told nothing of what is wrong.
    let wrong = json!({ "username": "ann", "userid": "17", "price": "much", "timestamp": "1" });
    for (token, status, refusal) in [
        (None, 401, "unauthorized"),
        (Some(&token), 403, "forbidden"),
    ] {
        let answer = server.post("/buy", token.map(String::as_str), &wrong).await;
        assert_eq!(problem_code(answer, status).await, refusal);
    }
    assert_eq!(server.post("/buy", Some(&token), &own).await.status(), 200);
    let mut others = own.clone();
    others["username"] = "ann".into();
    assert_eq!(
        problem_code(server.post("/buy", Some(&token), &others).await, 403).await,
        "forbidden"
    );
    let mut others = own.clone();
    others["userid"] = "17".into();
    assert_eq!(
        problem_code(server.post("/buy", Some(&token), &others).await, 403).await,
        "forbidden"
    );

    let path = format!("/getAllUserBuys/{}", claims.email);
    assert_eq!(
        problem_code(server.get(&path, None).await, 401).await,
        "unauthorized"
    );
    let list: Value = server.get(&path, Some(&token)).await.json().await.unwrap();
    assert_eq!(list["purchases"].as_array().unwrap().len(), 1);
    let foreign = server.get("/buyList/ann", Some(&token)).await;
    assert_eq!(problem_code(foreign, 403).await, "forbidden");
    let admin = server.signer.token(Role::Admin, 600);
    assert_eq!(server.get("/buyList/ann", Some(&admin)).await.status(), 200);
    server.stop().await;
}
