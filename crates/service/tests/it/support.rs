//! Keys, tokens and calls that the tests share.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use http::{HeaderMap, Request, StatusCode, header};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use service::token::{Claims, Role};
use tower::ServiceExt;
use uuid::Uuid;

/// A signing key as the auth service holds one.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) public: Vec<u8>,
    key: EncodingKey,
}

impl Signer {
    pub(crate) fn new(kid: &str) -> Self {
        let document =
            Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        Self {
            kid: kid.to_owned(),
            public: pair.public_key().as_ref().to_vec(),
            key: EncodingKey::from_ed_der(document.as_ref()),
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": self.kid, "x": BASE64URL.encode(&self.public),
        })
    }

    pub(crate) fn sign(&self, claims: &Claims) -> String {
        self.sign_as(&self.kid, claims)
    }

    pub(crate) fn sign_as(&self, kid: &str, claims: &Claims) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid.to_owned());
        encode(&header, claims, &self.key).unwrap()
    }
}

pub(crate) fn jwks(signers: &[&Signer]) -> Value {
    json!({ "keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>() })
}

pub(crate) fn jwk_set(signers: &[&Signer]) -> JwkSet {
    serde_json::from_value(jwks(signers)).unwrap()
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub(crate) fn claims(role: Role) -> Claims {
    Claims {
        sub: Uuid::now_v7().to_string(),
        email: "aaa@aaa.com".to_owned(),
        role,
        iss: "quadrille".to_owned(),
        aud: "quadrille".to_owned(),
        iat: now(),
        exp: now() + 900,
        jti: Uuid::now_v7().to_string(),
    }
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    let value = format!("Bearer {token}").parse().unwrap();
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The problem's code and detail; fails when this is no proper problem.
    pub(crate) fn problem(&self) -> (String, String) {
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        let code = body["code"].as_str().unwrap().to_owned();
        assert_eq!(body["type"], format!("/docs/errors/{code}"));
        assert!(!body["title"].as_str().unwrap().is_empty());
        (code, body["detail"].as_str().unwrap().to_owned())
    }
}

pub(crate) async fn call(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    call(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(router: &Router, path: &str, body: &str) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    call(router, request.body(Body::from(body.to_owned())).unwrap()).await
}
