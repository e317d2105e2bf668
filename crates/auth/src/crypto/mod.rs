//! Passwords, opaque tokens and signatures: everything where a mistake is a hole.

pub mod access_token;
pub mod argon;
pub mod key_ring;
pub mod opaque;
pub mod password_pool;
pub mod signing_key;

pub use access_token::AccessToken;
pub use argon::PasswordHash;
pub use key_ring::KeyRing;
pub use opaque::RefreshToken;
pub use password_pool::{PasswordPool, PoolError, Verified};
pub use signing_key::SigningKey;

/// A cryptographic operation that failed: a bug, a broken machine or damaged stored data.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {cause}")]
pub struct CryptoError {
    what: &'static str,
    cause: String,
}

impl CryptoError {
    pub(crate) fn new(what: &'static str, cause: &dyn std::fmt::Display) -> Self {
        Self {
            what,
            cause: cause.to_string(),
        }
    }
}
