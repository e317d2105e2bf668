//! Signing keys: made once, changed without a break.

use std::collections::HashSet;
use std::time::Duration;

use auth::commands::signing_keys;
use auth::crypto::SigningKey;
use auth::domain::key_schedule::Turn;
use auth::store::MongoAuth;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use mongodb::bson::doc;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;
use service::token::Verifier;
use testkit::eventually;

use crate::server::{Server, Tokens};

async fn is_taken(verifier: &Verifier, tokens: &Tokens) -> bool {
    let value = HeaderValue::try_from(format!("Bearer {}", tokens.access)).unwrap();
    verifier
        .caller(&HeaderMap::from_iter([(AUTHORIZATION, value)]))
        .await
        .is_ok()
}

#[tokio::test]
async fn the_public_keys_have_no_private_part() {
    let server = Server::start().await;
    let response = server.get("/.well-known/jwks.json").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["cache-control"], "public, max-age=10");
    let body: Value = response.json().await.unwrap();
    let key = body["keys"][0].as_object().unwrap();
    let mut members: Vec<&str> = key.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(
        (&key["kty"], &key["crv"]),
        (&"OKP".into(), &"Ed25519".into())
    );
    assert_eq!((&key["alg"], &key["use"]), (&"EdDSA".into(), &"sig".into()));
}

#[tokio::test]
async fn instances_that_start_together_make_one_key() {
    let server = Server::start().await;
    let keys = server.collection("signing_keys").await;
    keys.delete_many(doc! {}).await.unwrap();
    let store = MongoAuth::new(server.environment.database("auth").await);
    let now = Timestamp::now();
    let loads = (0..16).map(|_| signing_keys::load(&store, SignedDuration::from_mins(15), now));
    let mut names = HashSet::new();
    for loaded in join_all(loads).await {
        let loaded = loaded.unwrap();
        let published: Vec<&str> = loaded.published(now).map(SigningKey::kid).collect();
        assert_eq!(published.len(), 1);
        names.insert(published[0].to_owned());
    }
    assert_eq!(names.len(), 1);
    assert_eq!(server.everything().await["signing_keys"].len(), 1);

    let instances = join_all((0..3).map(|_| server.another())).await;
    for instance in instances {
        assert_eq!(HashSet::from_iter(instance.kids().await), names);
    }
}

#[tokio::test]
async fn a_restart_keeps_the_key() {
    let server = Server::start().await;
    let again = server.another().await;
    assert_eq!(server.kids().await, again.kids().await);
}

#[tokio::test]
async fn two_keys_are_live_while_one_takes_over() {
    let server = Server::start_with(|settings| {
        settings.issuing.key_reload = Duration::from_millis(50);
    })
    .await;
    server.register("a@b.com").await;
    let other = server.another().await;
    let verifier = server.verifier();
    let old = server.login("a@b.com").await;
    assert!(is_taken(&verifier, &old).await);

    let rotated = auth::rotate_signing_key(&server.common.mongo, &server.settings)
        .await
        .unwrap();
    let both = [old.kid(), rotated.kid.clone()];
    for instance in [&server, &other] {
        eventually("both keys are published", || async {
            instance.kids().await == both
        })
        .await;
    }
    // Known, but not its turn yet.
    assert_eq!(server.login("a@b.com").await.kid(), old.kid());

    server.clock.advance(SignedDuration::from_secs(60));
    for instance in [&server, &other] {
        let new = instance.login("a@b.com").await;
        assert_eq!(new.kid(), rotated.kid);
        // A verifier that does not know a key asks for it, but not more than once a second.
        eventually("the new key is known", || async {
            is_taken(&verifier, &new).await
        })
        .await;
        assert!(is_taken(&server.verifier(), &old).await);
    }

    server.clock.advance(SignedDuration::from_mins(21));
    for instance in [&server, &other] {
        eventually("the old key is gone", || async {
            instance.kids().await == [rotated.kid.clone()]
        })
        .await;
    }
    eventually("the old private key is removed", || async {
        server.everything().await["signing_keys"].len() == 1
    })
    .await;
    assert!(!is_taken(&server.verifier(), &old).await);
}

#[tokio::test]
async fn two_rotations_at_once_add_one_key_or_two_in_turn() {
    let server = Server::start().await;
    let rotations =
        (0..4).map(|_| auth::rotate_signing_key(&server.common.mongo, &server.settings));
    let done = join_all(rotations).await;
    let added: Vec<_> = done
        .iter()
        .filter_map(|outcome| outcome.as_ref().ok())
        .collect();
    assert!(!added.is_empty());
    let refusals = done.iter().filter_map(|outcome| outcome.as_ref().err());
    for refusal in refusals {
        assert!(refusal.to_string().contains("same moment"), "{refusal}");
    }
    let stored = server.everything().await;
    let generations = stored["signing_keys"].iter();
    let generations: HashSet<i64> = generations
        .map(|key| key.get_i64("generation").unwrap())
        .collect();
    assert_eq!(generations, (1..).take(1 + added.len()).collect());
}

fn key_file(folder: &tempfile::TempDir, name: &str) -> (std::path::PathBuf, String) {
    let turn = Turn {
        generation: 1,
        signs_from: Timestamp::UNIX_EPOCH,
    };
    let key = SigningKey::generate(turn).unwrap();
    let body = STANDARD.encode(key.expose());
    let path = folder.path().join(name);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    std::fs::write(&path, pem).unwrap();
    (path, key.kid().to_owned())
}

#[tokio::test]
async fn given_keys_go_first_and_none_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (old_file, old) = key_file(&folder, "old.pem");
    let (new_file, new) = key_file(&folder, "new.pem");
    let server = Server::start_with(|settings| {
        settings.issuing.signing_key_files = vec![old_file, new_file];
    })
    .await;
    assert_eq!(server.kids().await, [old, new.clone()]);
    server.register("a@b.com").await;
    let tokens = server.login("a@b.com").await;
    assert_eq!(tokens.kid(), new);
    assert!(is_taken(&server.verifier(), &tokens).await);
    assert!(server.everything().await["signing_keys"].is_empty());
    let refused = auth::rotate_signing_key(&server.common.mongo, &server.settings)
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("QUADRILLE_AUTH_SIGNING_KEY_FILE"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_key_file_that_can_not_be_used_is_named_at_the_start() {
    let mut settings = auth::Settings::default();
    settings.issuing.signing_key_files = vec!["no-such-key.pem".into()];
    let common = host::Settings {
        http: service::config::HttpSettings::on_free_port(),
        ..host::Settings::default()
    };
    let lifecycle = service::lifecycle::Lifecycle::new(Duration::from_secs(1));
    let started = host::start::<auth::Auth>(common, settings, &lifecycle).await;
    let refused = started.err().unwrap();
    assert!(refused.to_string().contains("no-such-key.pem"), "{refused}");
}
