//! `POST /api/refresh` and `POST /api/logout`

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use jiff::SignedDuration;
use mongodb::bson::doc;
use reqwest::StatusCode;
use serde_json::json;
use service::token::Role;
use sha2::{Digest, Sha256};

use crate::server::{Server, Tokens, problem};

const PAST_THE_GRACE: SignedDuration = SignedDuration::from_secs(11);

async fn logged_in() -> (Server, Tokens) {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let tokens = server.login("a@b.com").await;
    (server, tokens)
}

#[tokio::test]
async fn each_refresh_gives_new_tokens_and_only_hashes_are_stored() {
    let (server, mut tokens) = logged_in().await;
    let mut seen = HashSet::from([tokens.refresh.clone()]);
    for _ in 0..3 {
        server.clock.advance(PAST_THE_GRACE);
        let next = server.refresh(&tokens.refresh).await;
        assert!(seen.insert(next.refresh.clone()));
        assert_eq!(next.expires_in, 900);
        assert_eq!(next.claims().sub, tokens.claims().sub);
        assert_ne!(next.claims().jti, tokens.claims().jti);
        tokens = next;
    }
    let families = &server.everything().await["refresh_families"];
    assert_eq!(families.len(), 1);
    let bytes = URL_SAFE_NO_PAD.decode(&tokens.refresh).unwrap();
    let (family, secret) = bytes.split_at(16);
    assert_eq!(families[0].get_binary_generic("_id").unwrap(), family);
    let current = families[0].get_array("current").unwrap();
    let mongodb::bson::Bson::Binary(stored) = &current[0] else {
        panic!("{current:?}")
    };
    assert_eq!(stored.bytes, Sha256::digest(secret).to_vec());
    let raw = mongodb::bson::serialize_to_vec(&families[0]).unwrap();
    assert!(!raw.windows(32).any(|part| part == secret));
}

#[tokio::test]
async fn an_old_token_revokes_its_family_and_no_other() {
    let (server, first) = logged_in().await;
    let other = server.login("a@b.com").await;
    let second = server.refresh(&first.refresh).await;
    server.clock.advance(PAST_THE_GRACE);
    let third = server.refresh(&second.refresh).await;

    assert!(server.is_refused(&first.refresh).await);
    assert!(server.is_refused(&third.refresh).await);
    assert!(server.is_refused(&second.refresh).await);
    server.refresh(&other.refresh).await;
    server.login("a@b.com").await;
}

#[tokio::test]
async fn the_token_just_before_is_taken_for_some_seconds() {
    let (server, first) = logged_in().await;
    let second = server.refresh(&first.refresh).await;
    let sibling = server.refresh(&first.refresh).await;
    assert_ne!(second.refresh, sibling.refresh);
    // The first of both that is used replaces the other.
    let third = server.refresh(&second.refresh).await;
    server.clock.advance(PAST_THE_GRACE);
    assert!(server.is_refused(&sibling.refresh).await);
    assert!(server.is_refused(&third.refresh).await);
}

#[tokio::test]
async fn the_one_before_that_is_reuse_at_once() {
    let (server, first) = logged_in().await;
    let second = server.refresh(&first.refresh).await;
    let third = server.refresh(&second.refresh).await;
    assert!(server.is_refused(&first.refresh).await);
    assert!(server.is_refused(&third.refresh).await);
}

#[tokio::test]
async fn of_many_at_once_each_gets_a_token_of_one_generation() {
    let (server, first) = logged_in().await;
    let other = server.another().await;
    let both = [&server, &other];
    let refreshed = |tokens: Vec<String>| {
        join_all(
            (0..)
                .zip(tokens)
                .map(|(n, token): (usize, String)| async move {
                    both[n % 2].refresh(&token).await.refresh
                }),
        )
    };
    let second = refreshed(vec![first.refresh; 24]).await;
    assert_eq!(second.iter().collect::<HashSet<_>>().len(), 24);
    let generation = || async {
        let family = server.everything().await["refresh_families"][0].clone();
        (
            family.get_i64("generation").unwrap(),
            family.get_array("current").unwrap().len(),
        )
    };
    assert_eq!(generation().await, (2, 24));

    let third = refreshed(second.clone()).await;
    assert_eq!(third.iter().collect::<HashSet<_>>().len(), 24);
    assert_eq!(generation().await, (3, 24));

    server.clock.advance(PAST_THE_GRACE);
    assert!(server.is_refused(&second[0]).await);
    for token in third {
        assert!(server.is_refused(&token).await);
    }
}

#[tokio::test]
async fn tokens_of_one_generation_are_bounded() {
    let (server, first) = logged_in().await;
    let answers = join_all((0..70).map(|_| server.try_refresh(&first.refresh))).await;
    let (good, over): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status() == StatusCode::OK);
    assert_eq!((good.len(), over.len()), (64, 6));
    for answer in over {
        problem(answer, 429, "too-many-requests").await;
    }
}

#[tokio::test]
async fn no_access_token_outlives_its_login() {
    let server = Server::start_with(|settings| {
        settings.issuing.refresh_lifetime = Duration::from_mins(20);
    })
    .await;
    server.register("a@b.com").await;
    let first = server.login("a@b.com").await;
    assert_eq!(first.expires_in, 900);
    server.clock.advance(SignedDuration::from_mins(10));
    let second = server.refresh(&first.refresh).await;
    assert!(
        (590..=600).contains(&second.expires_in),
        "{}",
        second.expires_in
    );
    assert!(second.claims().exp <= first.claims().iat + 20 * 60);
    server.clock.advance(SignedDuration::from_mins(10));
    assert!(server.is_refused(&second.refresh).await);
}

#[tokio::test]
async fn expired_families_are_removed_by_the_database() {
    let (server, _) = logged_in().await;
    let families = server.collection("refresh_families").await;
    let stored = families.find_one(doc! {}).await.unwrap().unwrap();
    let in_30_days = jiff::Timestamp::now().as_millisecond() + 30 * 24 * 3_600_000;
    let expires = stored
        .get_datetime("expires_at")
        .unwrap()
        .timestamp_millis();
    assert!((expires - in_30_days).abs() < 60_000);
    let database = server.environment.database("auth").await;
    let listed = database
        .database()
        .run_command(doc! { "listIndexes": "refresh_families" });
    let listed = listed.await.unwrap().to_string();
    assert!(listed.contains("\"expires_at\": 1"), "{listed}");
    assert!(listed.contains("\"expireAfterSeconds\": 0"), "{listed}");
}

#[tokio::test]
async fn a_refresh_sees_the_account_as_it_is_now() {
    let (server, first) = logged_in().await;
    let accounts = server.collection("accounts").await;
    let promoted = doc! { "$set": { "role": "admin" } };
    accounts.update_one(doc! {}, promoted).await.unwrap();
    let second = server.refresh(&first.refresh).await;
    assert_eq!(
        (first.claims().role, second.claims().role),
        (Role::User, Role::Admin)
    );
    accounts.delete_one(doc! {}).await.unwrap();
    assert!(server.is_refused(&second.refresh).await);
}

#[tokio::test]
async fn what_is_no_refresh_token_changes_nothing() {
    let (server, tokens) = logged_in().await;
    let before = server.everything().await;
    let unknown = URL_SAFE_NO_PAD.encode([7; 48]);
    let padded = format!("{}=", tokens.refresh);
    let huge = "A".repeat(100_000);
    for token in [
        "",
        "x",
        " ",
        &tokens.refresh[1..],
        &padded,
        &tokens.access,
        &unknown,
        &huge,
    ] {
        assert!(server.is_refused(token).await, "{token}");
    }
    assert_eq!(server.everything().await, before);
    server.refresh(&tokens.refresh).await;
}

#[tokio::test]
async fn a_guessed_secret_for_a_known_family_ends_it() {
    let (server, tokens) = logged_in().await;
    let mut bytes = URL_SAFE_NO_PAD.decode(&tokens.refresh).unwrap();
    bytes[40] ^= 1;
    assert!(server.is_refused(&URL_SAFE_NO_PAD.encode(bytes)).await);
    assert!(server.is_refused(&tokens.refresh).await);
}

#[tokio::test]
async fn a_logout_ends_one_login_however_often_it_is_asked_for() {
    let (server, first) = logged_in().await;
    let other = server.login("a@b.com").await;
    let second = server.refresh(&first.refresh).await;
    for _ in 0..2 {
        let body = json!({ "refresh_token": second.refresh });
        let response = server.post("/api/logout", &body).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
    assert!(server.is_refused(&second.refresh).await);
    assert!(server.is_refused(&first.refresh).await);
    server.refresh(&other.refresh).await;
}

#[tokio::test]
async fn a_logout_with_anything_else_changes_nothing() {
    let (server, tokens) = logged_in().await;
    let before = server.everything().await;
    for token in ["", "x", &URL_SAFE_NO_PAD.encode([7; 48]), &tokens.access] {
        let response = server
            .post("/api/logout", &json!({ "refresh_token": token }))
            .await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{token}");
    }
    assert_eq!(server.everything().await, before);
}
