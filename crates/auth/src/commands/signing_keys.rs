//! Signing keys: the first one, new ones, and those that are over.

use jiff::{SignedDuration, Timestamp};
use outbox::StoreError;

use super::Fault;
use crate::crypto::SigningKey;
use crate::crypto::key_ring::Keys;
use crate::domain::key_schedule;
use crate::store::MongoAuth;

/// A key that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The new key's name.
    pub kid: String,
    /// From when on it signs. Until then it is published only.
    pub signs_from: Timestamp,
}

/// Reads the keys, makes the first one if there is none, and removes those that are over.
/// Any number of instances may do so at once: they end up with the same keys.
///
/// # Errors
/// When the database is out of reach.
pub async fn load(
    store: &MongoAuth,
    access_lifetime: SignedDuration,
    now: Timestamp,
) -> Result<Keys, Fault> {
    let mut found = store.signing_keys().await?;
    if found.is_empty() {
        let turn = key_schedule::next_turn(None, SignedDuration::ZERO, now);
        let first = SigningKey::generate(turn)?;
        if store.add_signing_key(&first).await? {
            tracing::info!(kid = first.kid(), "first signing key made");
        }
        found = store.signing_keys().await?;
    }
    let keys = Keys::taking_turns(found, access_lifetime);
    if let Some(oldest) = keys.published(now).next() {
        let removed = store
            .remove_signing_keys_before(oldest.turn.generation)
            .await?;
        if removed > 0 {
            tracing::info!(
                removed,
                "signing keys whose tokens are all over are removed"
            );
        }
    }
    Ok(keys)
}

/// Adds a key that takes over after `spread`, when every instance has read it.
///
/// # Errors
/// When the database is out of reach, or someone else added a key at the same moment.
pub async fn rotate(
    store: &MongoAuth,
    spread: SignedDuration,
    now: Timestamp,
) -> Result<Rotated, Fault> {
    let last = store.signing_keys().await?.last().map(|key| key.turn);
    let key = SigningKey::generate(key_schedule::next_turn(last, spread, now))?;
    if !store.add_signing_key(&key).await? {
        let conflict =
            "another signing key was added at the same moment; look before adding one more";
        return Err(StoreError::conflict(conflict).into());
    }
    let (kid, signs_from) = (key.kid().to_owned(), key.turn.signs_from);
    tracing::info!(kid, %signs_from, "signing key added");
    Ok(Rotated { kid, signs_from })
}
