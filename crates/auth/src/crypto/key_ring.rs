//! The signing keys that this process knows: one signs, all that may still be met are published.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, Header};
use service::token::Claims;

use super::{AccessToken, CryptoError, SigningKey};
use crate::domain::key_schedule::{self, Turn};

/// Time on top of a token's life for which its key stays published: clocks differ a little.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// The keys, replaced whole whenever they are read anew.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: RwLock<Option<Arc<Keys>>>,
}

/// Some keys in the order of their generations.
#[derive(Debug, Clone)]
pub struct Keys {
    keys: Vec<SigningKey>,
    /// For how long after its turn a key is published; for ever if there is no such time.
    verifiable: Option<SignedDuration>,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The keys have not been read from the database yet.
    #[error("the signing keys are not loaded yet")]
    NotLoaded,
    /// The signature failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Keys {
    /// Keys that take turns; each is published until tokens of `lifetime` can't be met any more.
    pub fn taking_turns(mut keys: Vec<SigningKey>, lifetime: SignedDuration) -> Self {
        keys.sort_by_key(|key| key.turn.generation);
        Self {
            keys,
            verifiable: Some(lifetime.saturating_add(MARGIN)),
        }
    }

    /// Keys that an operator gives: the last of them signs, all are published.
    pub fn given(keys: Vec<SigningKey>) -> Self {
        Self {
            keys,
            verifiable: None,
        }
    }

    /// The one that signs at `now`.
    pub fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        let turns: Vec<Turn> = self.keys.iter().map(|key| key.turn).collect();
        key_schedule::signer(&turns, now).and_then(|index| self.keys.get(index))
    }

    /// Those whose tokens may be met at `now`, and those that sign next.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        self.keys
            .iter()
            .enumerate()
            .filter_map(move |(index, key)| {
                let successor = self.keys.get(index + 1).map(|next| next.turn.signs_from);
                let published = self
                    .verifiable
                    .is_none_or(|time| key_schedule::is_published(successor, time, now));
                published.then_some(key)
            })
    }
}

impl KeyRing {
    /// Replaces all keys.
    pub fn replace(&self, keys: Keys) {
        let mut place = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::new(keys));
    }

    /// The keys, once they are loaded.
    pub fn get(&self) -> Option<Arc<Keys>> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Signs `claims` with the key whose turn it is.
    ///
    /// # Errors
    /// [`SignError::NotLoaded`] until the keys were read for the first time.
    pub fn sign(&self, claims: &Claims, now: Timestamp) -> Result<AccessToken, SignError> {
        let keys = self.get().ok_or(SignError::NotLoaded)?;
        let key = keys.signer(now).ok_or(SignError::NotLoaded)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid().to_owned());
        let text = jsonwebtoken::encode(&header, claims, &key.encoding)
            .map_err(|cause| CryptoError::new("an access token could not be signed", &cause))?;
        Ok(AccessToken::new(text))
    }

    /// The public keys as others read them (RFC 7517); `None` until they were read.
    pub fn public(&self, now: Timestamp) -> Option<JwkSet> {
        let keys = self.get()?;
        let keys = keys.published(now).map(|key| key.public.clone()).collect();
        Some(JwkSet { keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(generation: i64, from: i64) -> SigningKey {
        SigningKey::generate(Turn {
            generation,
            signs_from: at(from),
        })
        .unwrap()
    }

    fn generations(keys: &Keys, now: i64) -> (i64, Vec<i64>) {
        let signer = keys.signer(at(now)).unwrap().turn.generation;
        (
            signer,
            keys.published(at(now))
                .map(|key| key.turn.generation)
                .collect(),
        )
    }

    #[test]
    fn two_keys_are_live_while_one_takes_over_from_the_other() {
        let lifetime = SignedDuration::from_secs(900);
        let keys = Keys::taking_turns(vec![key(2, 1000), key(1, 0)], lifetime);
        assert_eq!(generations(&keys, 999), (1, vec![1, 2]));
        assert_eq!(generations(&keys, 1000), (2, vec![1, 2]));
        assert_eq!(generations(&keys, 1000 + 900), (2, vec![1, 2]));
        assert_eq!(generations(&keys, 1000 + 900 + 300 + 1), (2, vec![2]));
    }

    #[test]
    fn given_keys_are_all_published_and_the_last_one_signs() {
        let keys = Keys::given(vec![key(1, 0), key(2, 0)]);
        assert_eq!(generations(&keys, 1_000_000), (2, vec![1, 2]));
    }

    #[test]
    fn an_empty_key_ring_is_reported() {
        let ring = KeyRing::default();
        assert!(ring.public(at(0)).is_none());
        ring.replace(Keys::given(Vec::new()));
        assert!(ring.public(at(0)).unwrap().keys.is_empty());
        assert!(ring.get().unwrap().signer(at(0)).is_none());
    }
}
