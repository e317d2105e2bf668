//! Verifying access tokens, and remembering those that were good.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::keys::{KeyStore, Lookup};
use super::{Caller, Claims};
use crate::config::TokenSettings;
use crate::http::Problem;

/// How long after its end a token is still taken, in seconds: clocks differ a little.
const LEEWAY: i64 = 5;
/// Most tokens remembered.
const REMEMBERED: u64 = 100_000;
/// A token is checked anew after this time at the latest.
const REMEMBER: Duration = Duration::from_mins(15);
/// Longest token looked at, in bytes; ours have about 400.
const LONGEST: usize = 4096;

/// Verifies access tokens; clones share the keys and the memory.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    keys: KeyStore,
    validation: Validation,
    /// By the token's SHA-256: a short key that nobody can aim at.
    good: Cache<[u8; 32], Good>,
}

#[derive(Clone)]
struct Good {
    caller: Arc<Caller>,
    exp: i64,
}

enum Refusal {
    Missing,
    Expired,
    Invalid(&'static str),
    KeysUnreachable,
}

impl Verifier {
    /// Verifies with the keys that the auth service publishes; they are fetched when first needed.
    pub fn new(settings: &TokenSettings) -> Self {
        Self::build(KeyStore::remote(&settings.jwks_url), settings)
    }

    /// Verifies with `keys` only, for tests and tools.
    pub fn with_keys(keys: &JwkSet, settings: &TokenSettings) -> Self {
        Self::build(KeyStore::fixed(keys), settings)
    }

    fn build(keys: KeyStore, settings: &TokenSettings) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = LEEWAY.unsigned_abs();
        let good = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(REMEMBER)
            .build();
        Self(Arc::new(Inner {
            keys,
            validation,
            good,
        }))
    }

    /// The caller whose bearer token `headers` carry.
    ///
    /// # Errors
    ///
    /// 401 `unauthorized` with `WWW-Authenticate` when the token is missing, expired or not valid;
    /// 503 `unavailable` when it names a key that is not known here and the auth service is out of
    /// reach.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        self.shared_caller(headers).await.map(Arc::unwrap_or_clone)
    }

    /// As [`caller`](Self::caller), without a copy of a remembered caller.
    ///
    /// # Errors
    ///
    /// As [`caller`](Self::caller).
    pub async fn shared_caller(&self, headers: &HeaderMap) -> Result<Arc<Caller>, Problem> {
        let token = bearer(headers).map_err(Refusal::into_problem)?;
        self.verify(token).await.map_err(Refusal::into_problem)
    }

    async fn verify(&self, token: &str) -> Result<Arc<Caller>, Refusal> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(good) = self.0.good.get(&digest) {
            return if jiff::Timestamp::now().as_second() <= good.exp + LEEWAY {
                Ok(good.caller)
            } else {
                self.0.good.invalidate(&digest);
                Err(Refusal::Expired)
            };
        }
        let claims = self.claims(token).await?;
        let account_id = Uuid::parse_str(&claims.sub)
            .map_err(|_| Refusal::Invalid("its subject is not an account"))?;
        let caller = Arc::new(Caller {
            account_id,
            email: claims.email,
            role: claims.role,
        });
        let good = Good {
            caller: Arc::clone(&caller),
            exp: claims.exp,
        };
        self.0.good.insert(digest, good);
        Ok(caller)
    }

    async fn claims(&self, token: &str) -> Result<Claims, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::Invalid("it is too long"));
        }
        let header = decode_header(token).map_err(|_| Refusal::Invalid("it is malformed"))?;
        // The algorithm is ours to choose, never the token's.
        if header.alg != Algorithm::EdDSA {
            return Err(Refusal::Invalid("its algorithm is not EdDSA"));
        }
        let kid = header.kid.ok_or(Refusal::Invalid("it names no key"))?;
        let key = match self.0.keys.lookup(&kid).await {
            Lookup::Found(key) => key,
            Lookup::Unknown => return Err(Refusal::Invalid("its key is not known")),
            Lookup::Unreachable => return Err(Refusal::KeysUnreachable),
        };
        match decode::<Claims>(token, &key, &self.0.validation) {
            Ok(data) => Ok(data.claims),
            Err(error) => Err(refusal(error.kind())),
        }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Refusal::Missing)?;
    let text = value
        .to_str()
        .map_err(|_| Refusal::Invalid("it is malformed"))?;
    let (scheme, token) = text.split_once(' ').ok_or(Refusal::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Missing);
    }
    Ok(token.trim())
}

fn refusal(kind: &ErrorKind) -> Refusal {
    match kind {
        ErrorKind::ExpiredSignature => Refusal::Expired,
        ErrorKind::InvalidSignature => Refusal::Invalid("its signature does not fit"),
        ErrorKind::InvalidIssuer => Refusal::Invalid("its issuer is another"),
        ErrorKind::InvalidAudience => Refusal::Invalid("its audience is another"),
        _ => Refusal::Invalid("it is malformed"),
    }
}

impl Refusal {
    fn into_problem(self) -> Problem {
        match self {
            Self::Missing => Problem::unauthorized(HeaderValue::from_static("Bearer realm=\"quadrille\""))
                .detail("log in and send the access token as `Authorization: Bearer <token>`"),
            Self::Expired => invalid_token("the access token has expired; refresh it or log in again"),
            Self::Invalid(why) => invalid_token(&format!("the access token is not valid: {why}; log in again")),
            Self::KeysUnreachable => Problem::unavailable(Duration::from_secs(2))
                .detail("the access token can't be checked while auth is out of reach; try again in a moment")
                .with("service", "auth"),
        }
    }
}

fn invalid_token(detail: &str) -> Problem {
    let challenge = format!(
        "Bearer realm=\"quadrille\", error=\"invalid_token\", error_description=\"{detail}\""
    );
    let challenge = HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static(
        "Bearer realm=\"quadrille\", error=\"invalid_token\"",
    ));
    Problem::unauthorized(challenge).detail(detail)
}
