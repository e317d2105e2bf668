//! The auth service's public keys, fetched when needed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use tokio::sync::Mutex;

/// A key that is not known is asked for at most this often, whatever callers send.
const BETWEEN_FETCHES: Duration = Duration::from_secs(1);
/// After this time the keys are asked for again, so that a withdrawn key stops counting.
const STALE: Duration = Duration::from_mins(5);
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

type Keys = HashMap<String, DecodingKey>;

/// The keys by `kid`, from a URL or fixed.
#[derive(Debug)]
pub(super) struct KeyStore {
    source: Option<Source>,
    current: RwLock<Arc<Current>>,
}

#[derive(Debug)]
struct Source {
    url: String,
    client: reqwest::Client,
    last_attempt: Mutex<Option<(Instant, bool)>>,
}

#[derive(Debug, Default)]
struct Current {
    keys: Keys,
    fetched: Option<Instant>,
}

/// What is known of a `kid`.
pub(super) enum Lookup {
    Found(DecodingKey),
    /// The auth service answered and does not know it.
    Unknown,
    /// The auth service is out of reach, so that nothing can be said.
    Unreachable,
}

impl KeyStore {
    pub(super) fn remote(url: &str) -> Self {
        let source = Source {
            url: url.to_owned(),
            client: reqwest::Client::builder()
                .timeout(FETCH_TIMEOUT)
                .no_proxy()
                .build()
                .unwrap_or_default(),
            last_attempt: Mutex::new(None),
        };
        Self {
            source: Some(source),
            current: RwLock::default(),
        }
    }

    pub(super) fn fixed(set: &JwkSet) -> Self {
        let current = Current {
            keys: usable(set),
            fetched: None,
        };
        Self {
            source: None,
            current: RwLock::new(Arc::new(current)),
        }
    }

    pub(super) async fn lookup(&self, kid: &str) -> Lookup {
        let current = self.current();
        let known = current.keys.get(kid).cloned();
        let Some(source) = &self.source else {
            return known.map_or(Lookup::Unknown, Lookup::Found);
        };
        let fresh = current.fetched.is_some_and(|at| at.elapsed() < STALE);
        match known {
            Some(key) if fresh => Lookup::Found(key),
            known => {
                let reached = self.refetch(source).await;
                match self.current().keys.get(kid).cloned() {
                    Some(key) => Lookup::Found(key),
                    None if reached => Lookup::Unknown,
                    // Only possible when the keys changed meanwhile: the old one still counts.
                    None => known.map_or(Lookup::Unreachable, Lookup::Found),
                }
            }
        }
    }

    /// Asks for the keys unless that was done a moment ago; tells whether the last answer was good.
    async fn refetch(&self, source: &Source) -> bool {
        // Held while fetching: callers who come meanwhile share the outcome.
        let mut last = source.last_attempt.lock().await;
        if let Some((at, reached)) = *last
            && at.elapsed() < BETWEEN_FETCHES
        {
            return reached;
        }
        let fetched = source.fetch().await;
        *last = Some((Instant::now(), fetched.is_ok()));
        match fetched {
            Ok(set) => {
                let current = Current {
                    keys: usable(&set),
                    fetched: Some(Instant::now()),
                };
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
                true
            }
            Err(error) => {
                tracing::warn!(url = source.url, %error, "the keys for access tokens are out of reach");
                false
            }
        }
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Source {
    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        let answer = self.client.get(&self.url).send().await?;
        answer.error_for_status()?.json().await
    }
}

/// The Ed25519 signature keys that have a `kid`; all others are left out.
fn usable(set: &JwkSet) -> Keys {
    let usable = |jwk: &Jwk| {
        let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else {
            return None;
        };
        let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
        if pair.curve != EllipticCurve::Ed25519 || !signs {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        Some((jwk.common.key_id.clone()?, key))
    };
    set.keys.iter().filter_map(usable).collect()
}
