//! Keys come from the auth service: rotation, forged kids, and auth being away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use service::config::TokenSettings;
use service::http;
use service::lifecycle::Lifecycle;
use service::token::{Role, Verifier};

use crate::support::{Signer, bearer, claims, jwks};

struct Auth {
    keys: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
    settings: TokenSettings,
    _lifecycle: Lifecycle,
}

async fn auth(keys: Value) -> Auth {
    let (keys, asked) = (Arc::new(Mutex::new(keys)), Arc::new(AtomicUsize::new(0)));
    let (served, counted) = (Arc::clone(&keys), Arc::clone(&asked));
    let router = Router::new().route(
        "/jwks.json",
        get(async move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Json(served.lock().unwrap().clone())
        }),
    );
    let listener = http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let lifecycle = Lifecycle::new(std::time::Duration::from_secs(1));
    lifecycle.spawn("auth", http::serve(listener, router, lifecycle.shutdown()));
    Auth {
        keys,
        asked,
        settings: TokenSettings::new(&url),
        _lifecycle: lifecycle,
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_and_a_forged_kid_does_not_flood_auth() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let auth = auth(jwks(&[&old])).await;
    let verifier = Verifier::new(&auth.settings);
    verifier
        .caller(&bearer(&old.sign(&claims(Role::User))))
        .await
        .unwrap();
    assert_eq!(auth.asked.load(Ordering::SeqCst), 1);

    for n in 0..100 {
        let forged = old.sign_as(&format!("forged-{n}"), &claims(Role::Admin));
        assert_eq!(
            verifier
                .caller(&bearer(&forged))
                .await
                .unwrap_err()
                .status()
                .as_u16(),
            401
        );
    }
    let asked = auth.asked.load(Ordering::SeqCst);
    assert!(asked <= 3, "auth was asked {asked} times");

    *auth.keys.lock().unwrap() = jwks(&[&old, &new]);
    let token = bearer(&new.sign(&claims(Role::User)));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while verifier.caller(&token).await.is_err() {
        assert!(
            std::time::Instant::now() < deadline,
            "the new key was never fetched"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    verifier
        .caller(&bearer(&old.sign(&claims(Role::User))))
        .await
        .unwrap();
}

#[tokio::test]
async fn auth_out_of_reach_is_503_and_not_401() {
    let signer = Signer::new("a");
    let listener = http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    drop(listener);
    let verifier = Verifier::new(&TokenSettings::new(&url));
    let problem = verifier
        .caller(&bearer(&signer.sign(&claims(Role::User))))
        .await
        .unwrap_err();
    assert_eq!(
        (problem.status().as_u16(), problem.code()),
        (503, "unavailable")
    );
    // What needs no key is still refused.
    assert_eq!(
        verifier
            .caller(&bearer("x"))
            .await
            .unwrap_err()
            .status()
            .as_u16(),
        401
    );
}

#[tokio::test]
async fn only_ed25519_keys_with_a_kid_are_taken() {
    let signer = Signer::new("a");
    let mut nameless = signer.jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    let secret = serde_json::json!({"kty": "oct", "kid": "b", "k": "c2VjcmV0", "alg": "HS256"});
    let auth = auth(serde_json::json!({ "keys": [nameless, secret] })).await;
    let verifier = Verifier::new(&auth.settings);
    for kid in ["a", "b"] {
        let token = bearer(&signer.sign_as(kid, &claims(Role::User)));
        assert_eq!(
            verifier.caller(&token).await.unwrap_err().status().as_u16(),
            401
        );
    }
}
