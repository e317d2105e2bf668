//! `POST /api/login`

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use auth::domain::FREE_FAILURES;
use futures::future::join_all;
use jiff::SignedDuration;
use mongodb::bson::{Bson, doc};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use service::token::Role;
use uuid::Uuid;

use crate::server::{PASSWORD, Server, Tokens, problem};

fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(reqwest::header::AUTHORIZATION, value)])
}

#[tokio::test]
async fn the_access_token_is_one_that_the_other_services_take() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let tokens = Tokens::of(server.try_login(" A@B.com", PASSWORD).await).await;
    assert_eq!(tokens.expires_in, 900);

    let caller = server
        .verifier()
        .caller(&bearer(&tokens.access))
        .await
        .unwrap();
    let accounts = &server.everything().await["accounts"];
    let Some(Bson::Binary(id)) = accounts[0].get("_id") else {
        panic!("{accounts:?}")
    };
    assert_eq!(caller.account_id, Uuid::from_slice(&id.bytes).unwrap());
    assert_eq!(
        (caller.email.as_str(), caller.role),
        ("a@b.com", Role::User)
    );

    let claims = tokens.claims();
    assert_eq!(
        (claims.iss.as_str(), claims.aud.as_str()),
        ("quadrille", "quadrille")
    );
    assert_eq!(claims.exp - claims.iat, 900);
    assert_ne!(server.login("a@b.com").await.claims().jti, claims.jti);
    let header = jsonwebtoken::decode_header(&tokens.access).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::EdDSA);
    assert_eq!(server.kids().await, [tokens.kid()]);
}

#[tokio::test]
async fn a_changed_or_self_made_token_is_not_taken() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let tokens = server.login("a@b.com").await;
    let verifier = server.verifier();
    let parts: Vec<&str> = tokens.access.split('.').collect();
    let encode = |json: serde_json::Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string())
    };
    let mut claims = serde_json::to_value(tokens.claims()).unwrap();
    claims["role"] = "admin".into();
    let admin = encode(claims.clone());
    let none = encode(json!({ "alg": "none", "typ": "JWT", "kid": tokens.kid() }));
    let mut hs256 = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    hs256.kid = Some(tokens.kid());
    // The public key as the secret of a symmetric signature.
    let public: serde_json::Value = server
        .get("/.well-known/jwks.json")
        .await
        .json()
        .await
        .unwrap();
    let secret = public["keys"][0]["x"].as_str().unwrap();
    let secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    for forged in [
        format!("{}.{admin}.{}", parts[0], parts[2]),
        format!("{none}.{admin}."),
        format!("{none}.{admin}.{}", parts[2]),
        jsonwebtoken::encode(&hs256, &claims, &secret).unwrap(),
        tokens.refresh.clone(),
    ] {
        let refused = verifier.caller(&bearer(&forged)).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{forged}");
    }
    verifier.caller(&bearer(&tokens.access)).await.unwrap();
}

#[tokio::test]
async fn wrong_address_and_wrong_password_look_and_cost_the_same() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let before = server.everything().await;
    let long = "x".repeat(5000);
    let mut answers = Vec::new();
    for (email, password) in [
        ("a@b.com", "wrong password"),
        ("a@b.com", ""),
        ("a@b.com", long.as_str()),
        ("nobody@b.com", PASSWORD),
        ("nobody@b.com", "nobody's password"),
        ("not an address", PASSWORD),
        ("", ""),
    ] {
        let runs = server.running.state.passwords.runs();
        let response = server.try_login(email, password).await;
        let mut body = problem(response, 401, "invalid-credentials").await;
        body["request_id"].take();
        answers.push(body);
        assert_eq!(server.running.state.passwords.runs(), runs + 1, "{email:?}");
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
    assert_eq!(server.everything().await, before);
}

#[tokio::test]
async fn an_outdated_hash_is_replaced_at_the_next_login() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let params = Params::new(64, 1, 1, None).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let weak: PasswordHash = weak.hash_password(PASSWORD.as_bytes()).unwrap();
    let accounts = server.collection("accounts").await;
    let set = doc! { "$set": { "password": weak.to_string() } };
    accounts.update_one(doc! {}, set).await.unwrap();

    let wrong = server.try_login("a@b.com", "wrong password").await;
    problem(wrong, 401, "invalid-credentials").await;
    let stored = accounts.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(stored.get_str("password").unwrap(), weak.to_string());

    server.login("a@b.com").await;
    let stored = accounts.find_one(doc! {}).await.unwrap().unwrap();
    let new = stored.get_str("password").unwrap();
    assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new}");
    server.login("a@b.com").await;
}

#[tokio::test]
async fn a_hash_of_a_password_as_it_was_typed_is_good_for_one_login_more() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let typed = "cafe\u{301} au lait";
    let params = Params::new(19_456, 2, 1, None).unwrap();
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let older: PasswordHash = hasher.hash_password(typed.as_bytes()).unwrap();
    let accounts = server.collection("accounts").await;
    let set = doc! { "$set": { "password": older.to_string() } };
    accounts.update_one(doc! {}, set).await.unwrap();

    let composed = server.try_login("a@b.com", "caf\u{e9} au lait").await;
    problem(composed, 401, "invalid-credentials").await;
    assert_eq!(
        server.try_login("a@b.com", typed).await.status(),
        StatusCode::OK
    );
    // From here on every form is good.
    for form in ["caf\u{e9} au lait", typed] {
        let login = server.try_login("a@b.com", form).await;
        assert_eq!(login.status(), StatusCode::OK, "{form:?}");
    }
}

#[tokio::test]
async fn a_crowd_is_limited_and_can_retry() {
    service::telemetry::install_metrics();
    let server = Server::start_with(|settings| {
        settings.passwords.hash_concurrency = Some(1);
        settings.passwords.hash_queue = 1;
    })
    .await;
    server.register("a@b.com").await;
    let crowd = (0..20).map(|_| server.try_login("a@b.com", PASSWORD));
    let (mut good, mut busy) = (0, 0);
    for response in join_all(crowd).await {
        if response.status() == StatusCode::OK {
            good += 1;
        } else {
            problem(response, 503, "unavailable").await;
            busy += 1;
        }
    }
    assert!(good >= 1 && busy >= 1, "{good} good, {busy} busy");
    let counted = format!(r#"auth_logins_total{{outcome="busy"}} {busy}"#);
    let metrics = service::telemetry::metrics_text();
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
    server.login("a@b.com").await;
    assert_eq!(server.get("/livez").await.status(), StatusCode::OK);
}

/// A login from `address`, as the gateway tells it.
async fn from(server: &Server, address: &str, email: &str, password: &str) -> Response {
    server
        .request(Method::POST, "/api/login")
        .header("x-forwarded-for", address)
        .json(&json!({ "email": email, "password": password }))
        .send()
        .await
        .unwrap()
}

/// The seconds after which a login that was refused for its failures may be tried again.
async fn delay(refused: Response) -> i64 {
    let wait = refused.headers()["retry-after"].to_str().unwrap();
    let wait = wait.parse().unwrap();
    problem(refused, 429, "too-many-requests").await;
    wait
}

#[tokio::test]
async fn failures_delay_whoever_failed_and_nobody_else() {
    let server = Server::start().await;
    for email in ["a@b.com", "other@b.com"] {
        server.register(email).await;
    }
    let (thief, owner) = ("203.0.113.7", "198.51.100.1");
    for email in ["a@b.com", "nobody@b.com"] {
        for _ in 0..FREE_FAILURES {
            let wrong = from(&server, thief, email, "wrong password").await;
            problem(wrong, 401, "invalid-credentials").await;
        }
        let runs = server.running.state.passwords.runs();
        for spelling in [email.to_owned(), format!(" {}", email.to_uppercase())] {
            let wait = delay(from(&server, thief, &spelling, PASSWORD).await).await;
            assert_eq!(wait, 1, "{spelling}");
        }
        assert_eq!(
            server.running.state.passwords.runs(),
            runs,
            "none was hashed"
        );
    }
    // The account's owner is elsewhere, and another account's is at the same address.
    for (address, email) in [(owner, "a@b.com"), (thief, "other@b.com")] {
        let good = from(&server, address, email, PASSWORD).await;
        assert_eq!(good.status(), StatusCode::OK, "{address} {email}");
    }
    // The wait grows with each further failure, and ends with the right password.
    for expected in [2, 4, 8] {
        server.clock.advance(SignedDuration::from_secs(expected));
        let wrong = from(&server, thief, "a@b.com", "wrong password").await;
        problem(wrong, 401, "invalid-credentials").await;
        let wait = delay(from(&server, thief, "a@b.com", PASSWORD).await).await;
        assert!(
            (expected - 1..=expected).contains(&wait),
            "{wait} of {expected}"
        );
    }
    server.clock.advance(SignedDuration::from_secs(8));
    let good = from(&server, thief, "a@b.com", PASSWORD).await;
    assert_eq!(good.status(), StatusCode::OK);
    let wrong = from(&server, thief, "a@b.com", "wrong password").await;
    problem(wrong, 401, "invalid-credentials").await;
    let good = from(&server, thief, "a@b.com", PASSWORD).await;
    assert_eq!(good.status(), StatusCode::OK, "it begins anew");
}

#[tokio::test]
async fn many_logins_at_once_have_no_more_tries_than_one_after_the_other() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let before = server.running.state.passwords.runs();
    let thief = "203.0.113.7";
    let logins = (0..3 * FREE_FAILURES).map(|_| from(&server, thief, "a@b.com", "wrong password"));
    let (mut tried, mut delayed) = (0, 0);
    for response in join_all(logins).await {
        if response.status() == StatusCode::UNAUTHORIZED {
            tried += 1;
        } else {
            assert_eq!(delay(response).await, 1);
            delayed += 1;
        }
    }
    assert_eq!((tried, delayed), (FREE_FAILURES, 2 * FREE_FAILURES));
    let hashed = server.running.state.passwords.runs() - before;
    assert_eq!(hashed, u64::from(FREE_FAILURES));
}

#[tokio::test]
async fn one_address_of_ipv6_is_its_network() {
    let server = Server::start().await;
    for last in 1..=FREE_FAILURES {
        let address = format!("2001:db8::{last}");
        let wrong = from(&server, &address, "a@b.com", "wrong password").await;
        problem(wrong, 401, "invalid-credentials").await;
    }
    delay(from(&server, "2001:db8::6", "a@b.com", PASSWORD).await).await;
    let elsewhere = from(&server, "2001:db8:0:1::1", "a@b.com", PASSWORD).await;
    problem(elsewhere, 401, "invalid-credentials").await;
}
