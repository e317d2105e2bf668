//! `POST /api/register`

use events::AccountUpdate;
use futures::future::join_all;
use mongodb::bson::doc;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::eventually;

use crate::server::{PASSWORD, Server, problem};

#[tokio::test]
async fn an_account_is_a_users_whatever_its_address_looks_like() {
    let server = Server::start().await;
    let body = json!({ "email": "  Admin@ADMIN.com ", "password": PASSWORD });
    let response = server.post("/api/register", &body).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!({ "email": "admin@admin.com", "role": "user" }));
}

#[tokio::test]
async fn a_role_can_not_be_asked_for() {
    let server = Server::start().await;
    let body = json!({ "email": "a@b.com", "password": PASSWORD, "role": "admin" });
    let response = server.post("/api/register", &body).await;
    problem(response, 422, "invalid-body").await;
    assert!(server.everything().await["accounts"].is_empty());
}

#[tokio::test]
async fn an_address_has_one_account_in_any_case_and_its_password_stays() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let before = server.everything().await;
    for email in ["a@b.com", "A@B.COM", " a@b.com "] {
        let body = json!({ "email": email, "password": "another password" });
        let response = server.post("/api/register", &body).await;
        let body = problem(response, 409, "account-exists").await;
        let text = body.to_string();
        assert!(
            !text.contains("a@b.com") && !text.contains("role"),
            "{text}"
        );
    }
    assert_eq!(server.everything().await, before);
    server.login("a@b.com").await;
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_address() {
    let server = Server::start().await;
    let attempts = (0..16).map(|n| {
        let email = if n % 2 == 0 { "a@b.com" } else { "A@b.com" };
        let body = json!({ "email": email, "password": format!("one password of {n}") });
        let server = &server;
        async move { (n, server.post("/api/register", &body).await) }
    });
    let mut winners = Vec::new();
    for (n, response) in join_all(attempts).await {
        if response.status() == StatusCode::CREATED {
            winners.push(n);
        } else {
            problem(response, 409, "account-exists").await;
        }
    }
    assert_eq!(winners.len(), 1);
    let accounts = server.collection("accounts").await;
    assert_eq!(accounts.count_documents(doc! {}).await.unwrap(), 1);
    let password = format!("one password of {}", winners[0]);
    assert_eq!(
        server.try_login("a@b.com", &password).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn wrong_addresses_and_passwords_are_refused_and_nothing_is_hashed() {
    let server = Server::start().await;
    let runs = server.running.state.passwords.runs();
    let long = format!("{}@b.com", "a".repeat(400));
    for email in [
        "",
        "a",
        "a@b",
        "a b@c.com",
        "a@b.com\u{0}",
        "ä@b.com",
        &long,
    ] {
        let body = json!({ "email": email, "password": PASSWORD });
        problem(
            server.post("/api/register", &body).await,
            422,
            "invalid-email",
        )
        .await;
    }
    for password in ["", "1234567", &"x".repeat(129), &"x".repeat(100_000)] {
        let body = json!({ "email": "a@b.com", "password": password });
        let body = problem(
            server.post("/api/register", &body).await,
            422,
            "invalid-password",
        )
        .await;
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains("128") || detail.contains('8'), "{detail}");
    }
    for (password, named) in [
        ("        ", "guessed at once"),
        ("password1", "guessed at once"),
        ("a password\u{200b}", "invisible"),
        ("a@b.com-a@b.com", "your e-mail address"),
        ("Quadrille!", "the shop's name"),
    ] {
        let body = json!({ "email": "a@b.com", "password": password });
        let refused = server.post("/api/register", &body).await;
        let body = problem(refused, 422, "invalid-password").await;
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{password:?}: {detail}");
    }
    assert!(server.everything().await["accounts"].is_empty());
    assert_eq!(server.running.state.passwords.runs(), runs);
}

#[tokio::test]
async fn a_password_is_taken_as_it_is() {
    let server = Server::start().await;
    let password = "  spaces, 🦀 and \"quotes\" ";
    let body = json!({ "email": "a@b.com", "password": password });
    assert_eq!(
        server.post("/api/register", &body).await.status(),
        StatusCode::CREATED
    );
    assert_eq!(
        server.try_login("a@b.com", password).await.status(),
        StatusCode::OK
    );
    let response = server.try_login("a@b.com", password.trim()).await;
    problem(response, 401, "invalid-credentials").await;
}

#[tokio::test]
async fn a_password_is_the_same_in_whatever_form_it_is_typed() {
    let server = Server::start().await;
    let (nfc, nfd) = ("caf\u{e9} au lait", "cafe\u{301}\u{a0}au lait");
    let body = json!({ "email": "a@b.com", "password": nfd });
    assert_eq!(
        server.post("/api/register", &body).await.status(),
        StatusCode::CREATED
    );
    for form in [nfc, nfd] {
        let login = server.try_login("a@b.com", form).await;
        assert_eq!(login.status(), StatusCode::OK, "{form:?}");
    }
    let other = server.try_login("a@b.com", "cafe au lait").await;
    problem(other, 401, "invalid-credentials").await;
}

#[tokio::test]
async fn what_is_stored_is_a_salted_argon2id_hash() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    server.register("b@b.com").await;
    let accounts = &server.everything().await["accounts"];
    let hash = |n: usize| accounts[n].get_str("password").unwrap().to_owned();
    assert!(
        hash(0).starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{}",
        hash(0)
    );
    assert_ne!(hash(0), hash(1));
    assert!(!format!("{accounts:?}").contains(PASSWORD));
}

#[tokio::test]
async fn an_account_is_published_once_as_it_is_and_without_a_secret() {
    let server = Server::start().await;
    let topics = host::contract::<auth::Auth>().topics();
    server.environment.ensure_topics(&topics).await;
    let body = json!({ "email": "a@b.com", "password": PASSWORD });
    let all = (0..8).map(|_| server.post("/api/register", &body));
    let mut opened = 0;
    for response in join_all(all).await {
        if response.status() == StatusCode::CREATED {
            opened += 1;
        } else {
            problem(response, 409, "account-exists").await;
        }
    }
    assert_eq!(opened, 1);
    let published = || async { server.environment.read::<AccountUpdate>().await.len() == 1 };
    eventually("the account is published", published).await;
    let update = server
        .environment
        .read::<AccountUpdate>()
        .await
        .remove(0)
        .event;
    let stored = &server.everything().await["accounts"][0];
    assert_eq!(update.email.as_deref(), Some("a@b.com"));
    assert_eq!((&*update.role, update.version), ("user", 1));
    assert!(!update.blocked && !update.deleted);
    let hash = stored.get_str("password").unwrap();
    let shown = serde_json::to_string(&update).unwrap();
    assert!(
        !shown.contains("password") && !shown.contains(hash),
        "{shown}"
    );
}
