//! Which tokens are taken, and what the others are told.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use service::config::{HttpSettings, TokenSettings};
use service::http::{Problem, layers};
use service::token::{AdminCaller, Caller, Claims, Role, Verifier};

use crate::support::{Signer, bearer, call, claims, jwk_set, now};

fn verifier(signers: &[&Signer]) -> Verifier {
    Verifier::with_keys(&jwk_set(signers), &TokenSettings::default())
}

async fn refused(verifier: &Verifier, token: &str) -> Problem {
    let problem = verifier.caller(&bearer(token)).await.unwrap_err();
    assert_eq!(
        (problem.status().as_u16(), problem.code()),
        (401, "unauthorized")
    );
    problem
}

#[tokio::test]
async fn a_good_token_names_the_caller_twice() {
    let signer = Signer::new("a");
    let verifier = verifier(&[&signer]);
    let claims = claims(Role::Admin);
    let token = signer.sign(&claims);
    for _ in 0..2 {
        let caller = verifier.caller(&bearer(&token)).await.unwrap();
        assert_eq!(caller.account_id.to_string(), claims.sub);
        assert_eq!(
            (caller.email, caller.role),
            (claims.email.clone(), Role::Admin)
        );
    }
}

#[tokio::test]
async fn two_keys_are_live_at_once() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let verifier = verifier(&[&old, &new]);
    for signer in [&old, &new] {
        verifier
            .caller(&bearer(&signer.sign(&claims(Role::User))))
            .await
            .unwrap();
    }
    // The right kid with the other key's signature.
    let crossed = old.sign_as("new", &claims(Role::User));
    assert!(
        refused(&verifier, &crossed)
            .await
            .to_string()
            .contains("signature")
    );
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let signer = Signer::new("a");
    let verifier = verifier(&[&signer]);
    let good = claims(Role::Admin);

    let payload = BASE64URL.encode(serde_json::to_vec(&good).unwrap());
    let none = BASE64URL.encode(br#"{"alg":"none","typ":"JWT","kid":"a"}"#);
    refused(&verifier, &format!("{none}.{payload}.")).await;
    refused(&verifier, &format!("{none}.{payload}.AAAA")).await;

    // The classic confusion: an HMAC whose secret is the public key that everyone knows.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("a".to_owned());
    let hmac = encode(&header, &good, &EncodingKey::from_secret(&signer.public)).unwrap();
    assert!(
        refused(&verifier, &hmac)
            .await
            .to_string()
            .contains("EdDSA")
    );

    let stranger = Signer::new("stranger");
    assert!(
        refused(&verifier, &stranger.sign(&good))
            .await
            .to_string()
            .contains("key is not known")
    );
    refused(&verifier, &stranger.sign_as("a", &good)).await;

    // A user's good token with another payload under the same signature.
    let honest = signer.sign(&claims(Role::User));
    let parts: Vec<_> = honest.split('.').collect();
    refused(&verifier, &format!("{}.{payload}.{}", parts[0], parts[2])).await;

    let long = "a".repeat(10_000);
    for text in ["", "x", "a.b.c", "....", long.as_str()] {
        refused(&verifier, text).await;
    }
}

#[tokio::test]
async fn wrong_claims_are_refused() {
    let signer = Signer::new("a");
    let verifier = verifier(&[&signer]);
    let good = claims(Role::User);
    let wrong = [
        (
            Claims {
                exp: now() - 60,
                ..good.clone()
            },
            "expired",
        ),
        (
            Claims {
                iss: "another".to_owned(),
                ..good.clone()
            },
            "issuer",
        ),
        (
            Claims {
                aud: "another".to_owned(),
                ..good.clone()
            },
            "audience",
        ),
        (
            Claims {
                sub: "me".to_owned(),
                ..good.clone()
            },
            "subject",
        ),
    ];
    for (claims, word) in wrong {
        let problem = refused(&verifier, &signer.sign(&claims)).await.to_string();
        assert!(problem.contains(word), "{problem}");
    }
    // Clocks may differ by a little.
    let just_over = Claims {
        exp: now() - 2,
        ..good
    };
    verifier
        .caller(&bearer(&signer.sign(&just_over)))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_remembered_token_ends_when_it_expires() {
    let signer = Signer::new("a");
    let verifier = verifier(&[&signer]);
    // Two of the leeway's five seconds are left.
    let token = signer.sign(&Claims {
        exp: now() - 3,
        ..claims(Role::User)
    });
    verifier.caller(&bearer(&token)).await.unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(8);
    while verifier.caller(&bearer(&token)).await.is_ok() {
        assert!(std::time::Instant::now() < deadline, "remembered for ever");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(
        refused(&verifier, &token)
            .await
            .to_string()
            .contains("expired")
    );
}

#[derive(Clone)]
struct State(Verifier);

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.0.clone()
    }
}

fn router(verifier: Verifier) -> Router {
    let router = Router::new()
        .route("/mine", get(async |caller: Caller| caller.email))
        .route(
            "/admin",
            get(async |AdminCaller(caller): AdminCaller| caller.email),
        )
        .with_state(State(verifier));
    layers(router, "token-test", &HttpSettings::default())
}

async fn status(router: &Router, path: &str, headers: HeaderMap) -> (u16, Option<String>) {
    let mut request = http::Request::get(path)
        .body(axum::body::Body::empty())
        .unwrap();
    *request.headers_mut() = headers;
    let answer = call(router, request).await;
    let challenge = answer.headers.get(header::WWW_AUTHENTICATE);
    (
        answer.status.as_u16(),
        challenge.map(|value| value.to_str().unwrap().to_owned()),
    )
}

#[tokio::test]
async fn extractors_answer_401_with_a_challenge_and_403_by_role() {
    let signer = Signer::new("a");
    let router = router(verifier(&[&signer]));
    let user = bearer(&signer.sign(&claims(Role::User)));
    let admin = bearer(&signer.sign(&claims(Role::Admin)));
    let realm = "Bearer realm=\"quadrille\"".to_owned();
    assert_eq!(
        status(&router, "/mine", HeaderMap::new()).await,
        (401, Some(realm.clone()))
    );
    let basic = HeaderMap::from_iter([(header::AUTHORIZATION, "Basic YTph".parse().unwrap())]);
    assert_eq!(status(&router, "/mine", basic).await, (401, Some(realm)));
    let (code, challenge) = status(&router, "/mine", bearer("x")).await;
    assert_eq!(code, 401);
    assert!(challenge.unwrap().contains("error=\"invalid_token\""));
    assert_eq!(status(&router, "/mine", user.clone()).await.0, 200);
    assert_eq!(status(&router, "/admin", user).await.0, 403);
    assert_eq!(status(&router, "/admin", admin).await.0, 200);
}
