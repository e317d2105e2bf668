//! argon2id, as the OWASP password storage cheat sheet sets it: m = 19456 KiB, t = 2, p = 1.

use std::fmt;

use argon2::password_hash::phc;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
};

use super::CryptoError;
use crate::domain::Password;

/// Memory in KiB.
const MEMORY: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// A stored password: a PHC string with algorithm, parameters, salt and hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as it is stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The PHC string, to be stored.
    pub fn as_stored(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

fn hasher() -> Result<Argon2<'static>, CryptoError> {
    let params = Params::new(MEMORY, PASSES, LANES, None)
        .map_err(|cause| CryptoError::new("argon2's parameters are refused", &cause))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes with a fresh random salt. Takes tens of milliseconds of one core and 19 MiB.
pub(super) fn hash(password: &Password) -> Result<PasswordHash, CryptoError> {
    let hash: phc::PasswordHash = hasher()?
        .hash_password(password.expose())
        .map_err(|cause| CryptoError::new("the password could not be hashed", &cause))?;
    Ok(PasswordHash(hash.to_string()))
}

/// Whether `password` is the one that was hashed. As slow as hashing.
pub(super) fn matches(password: &Password, hash: &PasswordHash) -> Result<bool, CryptoError> {
    let stored = parse(hash)?;
    match hasher()?.verify_password(password.expose(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(cause) => Err(CryptoError::new(
            "the stored password hash can't be used",
            &cause,
        )),
    }
}

/// Whether it was hashed otherwise than [`hash`] does now.
pub(super) fn is_outdated(hash: &PasswordHash) -> Result<bool, CryptoError> {
    let stored = parse(hash)?;
    let params = Params::try_from(&stored)
        .map_err(|cause| CryptoError::new("the stored password hash can't be used", &cause))?;
    let cost = (params.m_cost(), params.t_cost(), params.p_cost());
    Ok(stored.algorithm != ARGON2ID_IDENT
        || stored.version != Some(Version::V0x13.into())
        || cost != (MEMORY, PASSES, LANES))
}

fn parse(hash: &PasswordHash) -> Result<phc::PasswordHash, CryptoError> {
    // The cause could quote the hash: leave it out of what may reach a log.
    phc::PasswordHash::new(&hash.0)
        .map_err(|_| CryptoError::new("a stored password hash is damaged", &"not a PHC string"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weaker(text: &str) -> PasswordHash {
        let params = Params::new(64, 1, 1, None).unwrap();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: phc::PasswordHash = hasher.hash_password(text.as_bytes()).unwrap();
        PasswordHash(hash.to_string())
    }

    #[test]
    fn the_parameters_are_those_of_the_cheat_sheet() {
        let hash = hash(&Password::new("password")).unwrap();
        assert!(
            hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.0
        );
        assert!(!is_outdated(&hash).unwrap());
    }

    #[test]
    fn salts_differ_and_only_the_password_matches() {
        let password = Password::new("password");
        let (one, two) = (hash(&password).unwrap(), hash(&password).unwrap());
        assert_ne!(one, two);
        assert!(matches(&password, &one).unwrap());
        assert!(!matches(&Password::new("Password"), &one).unwrap());
        assert!(!matches(&Password::new("password "), &one).unwrap());
    }

    #[test]
    fn hashes_of_other_parameters_match_and_are_outdated() {
        let old = weaker("password");
        assert!(matches(&Password::new("password"), &old).unwrap());
        assert!(is_outdated(&old).unwrap());
    }

    #[test]
    fn a_damaged_hash_is_an_error_that_does_not_quote_it() {
        let damaged = PasswordHash("$argon2id$v=19$secretsalt".to_owned());
        let error = matches(&Password::new("password"), &damaged).unwrap_err();
        assert!(!error.to_string().contains("secretsalt"), "{error}");
        assert!(!format!("{damaged:?}").contains("secretsalt"));
    }
}
