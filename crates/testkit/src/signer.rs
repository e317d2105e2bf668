//! Access tokens as the auth service signs them, and its keys.

use std::net::SocketAddr;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use service::token::{Claims, Role};
use uuid::Uuid;

/// Signs tokens with a key of its own, and publishes it.
pub struct Signer {
    key: EncodingKey,
    public: Vec<u8>,
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl Signer {
    /// A signer with a fresh key.
    pub fn new() -> Self {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        Self {
            key: EncodingKey::from_ed_der(document.as_ref()),
            public: pair.public_key().as_ref().to_vec(),
        }
    }

    /// The key as a JWK set.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "test",
            "x": URL_SAFE_NO_PAD.encode(&self.public),
        }] })
    }

    /// A token that ends in `lasts` seconds.
    pub fn token(&self, role: Role, lasts: i64) -> String {
        self.token_and_claims(role, lasts).0
    }

    /// The same, and what it claims.
    pub fn token_and_claims(&self, role: Role, lasts: i64) -> (String, Claims) {
        let now = jiff::Timestamp::now().as_second();
        let claims = Claims {
            sub: Uuid::now_v7().to_string(),
            email: "someone@example.com".to_owned(),
            role,
            iss: "quadrille".to_owned(),
            aud: "quadrille".to_owned(),
            iat: now,
            exp: now + lasts,
            jti: Uuid::now_v7().to_string(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("test".to_owned());
        let token = encode(&header, &claims, &self.key).unwrap();
        (token, claims)
    }

    /// Serves the keys as the auth service does, until the test ends.
    pub async fn publish(&self) -> SocketAddr {
        let keys = self.jwks();
        let route = get(move || async move { axum::Json(keys) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router: Router = Router::new().route("/jwks.json", route);
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }
}

/// A token of the algorithm `none`, which says whatever its maker likes.
pub fn unsigned() -> String {
    let now = jiff::Timestamp::now().as_second();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({ "alg": "none", "typ": "JWT", "kid": "test" }));
    let claims = part(json!({
        "sub": Uuid::now_v7(), "email": "a@b.c", "role": "admin", "iss": "quadrille",
        "aud": "quadrille", "iat": now, "exp": now + 600, "jti": "1",
    }));
    format!("{header}.{claims}.")
}
