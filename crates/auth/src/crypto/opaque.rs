//! Refresh tokens: random bytes that mean nothing to anyone but this service's database.

use std::fmt;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::CryptoError;
use crate::domain::{FamilyId, TokenHash};

const FAMILY_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// A refresh token: its family's random name and 256 random bits of its own, base64url, 64
/// characters. Never shown, logged or stored; what is stored is [`hash`](Self::hash).
///
/// The family's name is in it so that a token that was replaced long ago is known as one of
/// that family without all of them being kept.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    family: [u8; FAMILY_BYTES],
    secret: [u8; SECRET_BYTES],
}

impl RefreshToken {
    /// The first token of a new family.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn first() -> Result<Self, CryptoError> {
        Self::next(FamilyId(random()?))
    }

    /// A further token of `family`.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn next(family: FamilyId) -> Result<Self, CryptoError> {
        Ok(Self {
            family: family.0,
            secret: random()?,
        })
    }

    /// Reads a token as it was sent; `None` when it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (family, secret) = bytes.split_first_chunk()?;
        Some(Self {
            family: *family,
            secret: secret.try_into().ok()?,
        })
    }

    /// The text to give to its holder.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.family.as_slice(), &self.secret].concat())
    }

    /// The family that it is of, or claims to be.
    pub fn family(&self) -> FamilyId {
        FamilyId(self.family)
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.secret).into())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(***)")
    }
}

fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|cause| CryptoError::new("no random numbers", &cause))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_given() {
        let token = RefreshToken::first().unwrap();
        let text = token.expose();
        assert_eq!(text.len(), 64);
        assert_eq!(RefreshToken::parse(&text), Some(token.clone()));
        let next = RefreshToken::next(token.family()).unwrap();
        assert_eq!(next.family(), token.family());
        assert_ne!(next.hash(), token.hash());
        assert_ne!(RefreshToken::first().unwrap().family(), token.family());
    }

    #[test]
    fn anything_else_is_not_a_token() {
        let text = RefreshToken::first().unwrap().expose();
        let short = &text[..60];
        for wrong in [
            "",
            "abc",
            short,
            &format!("{text}AAAA"),
            &format!("{text}="),
            &" ".repeat(64),
        ] {
            assert_eq!(RefreshToken::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn debug_output_keeps_it() {
        let token = RefreshToken::first().unwrap();
        let shown = format!("{token:?}");
        assert_eq!(shown, "RefreshToken(***)");
    }
}
