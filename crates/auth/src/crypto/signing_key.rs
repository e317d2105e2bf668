//! One Ed25519 key that signs access tokens.

use std::fmt;
use std::path::Path;

use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};

use super::CryptoError;
use crate::domain::key_schedule::Turn;

/// A private key, what it is called, and when it takes its turn.
#[derive(Clone)]
pub struct SigningKey {
    /// When it signs.
    pub turn: Turn,
    pkcs8: Vec<u8>,
    pub(super) encoding: EncodingKey,
    pub(super) public: Jwk,
}

impl SigningKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn generate(turn: Turn) -> Result<Self, CryptoError> {
        let pair = Ed25519KeyPair::generate()
            .map_err(|cause| CryptoError::new("no signing key could be made", &cause))?;
        Self::from_pair(&pair, turn)
    }

    /// Reads a key as it is stored: PKCS#8, DER.
    ///
    /// # Errors
    /// When these bytes are no Ed25519 key.
    pub fn from_stored(pkcs8: &[u8], turn: Turn) -> Result<Self, CryptoError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8)
            .map_err(|cause| CryptoError::new("a stored signing key is damaged", &cause))?;
        Self::from_pair(&pair, turn)
    }

    /// Reads a key from a PEM file (PKCS#8, as `openssl genpkey -algorithm ed25519` writes it).
    ///
    /// # Errors
    /// When the file can't be read or has no Ed25519 key; the message names the file.
    pub fn from_file(path: &Path, turn: Turn) -> Result<Self, CryptoError> {
        let refused = |cause: String| CryptoError {
            what: "a signing key file can't be used",
            cause: format!(
                "{}: {cause}; make one with `openssl genpkey -algorithm ed25519 -out FILE`",
                path.display()
            ),
        };
        let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        let key = EncodingKey::from_ed_pem(&pem)
            .map_err(|_| refused("it is not an Ed25519 private key in PEM".to_owned()))?;
        let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes())
            .map_err(|_| refused("it is not an Ed25519 private key in PKCS#8".to_owned()))?;
        Self::from_pair(&pair, turn)
    }

    fn from_pair(pair: &Ed25519KeyPair, turn: Turn) -> Result<Self, CryptoError> {
        let failed = |cause: String| CryptoError::new("a signing key can't be used", &cause);
        // Version 1 holds the private key only, the form that `jsonwebtoken` reads.
        let pkcs8 = pair
            .to_pkcs8v1()
            .map_err(|cause| failed(cause.to_string()))?;
        let pkcs8 = pkcs8.as_ref().to_vec();
        let encoding = EncodingKey::from_ed_der(&pkcs8);
        let mut public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA)
            .map_err(|cause| failed(cause.to_string()))?;
        let kid = public
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|cause| failed(cause.to_string()))?;
        public.common.key_id = Some(kid);
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self {
            turn,
            pkcs8,
            encoding,
            public,
        })
    }

    /// The key's name: the thumbprint of its public part (RFC 7638), so that the same key has
    /// the same name wherever it is loaded from.
    pub fn kid(&self) -> &str {
        self.public.common.key_id.as_deref().unwrap_or_default()
    }

    /// The private key, to be stored and nothing else.
    pub fn expose(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid())
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use jiff::Timestamp;

    use super::*;

    fn turn() -> Turn {
        Turn {
            generation: 1,
            signs_from: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_key_is_the_same_after_storing() {
        let key = SigningKey::generate(turn()).unwrap();
        let again = SigningKey::from_stored(key.expose(), turn()).unwrap();
        assert_eq!(again.public, key.public);
        assert_eq!(key.kid().len(), 43);
        assert_ne!(SigningKey::generate(turn()).unwrap().kid(), key.kid());
    }

    #[test]
    fn a_key_is_the_same_from_a_file() {
        let key = SigningKey::generate(turn()).unwrap();
        let folder = std::env::temp_dir().join(format!("auth-key-{}", key.kid()));
        let body = STANDARD.encode(key.expose());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        std::fs::write(&folder, pem).unwrap();
        let again = SigningKey::from_file(&folder, turn());
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(again.unwrap().public, key.public);
    }

    #[test]
    fn a_wrong_file_is_named_and_the_way_out_too() {
        let missing = SigningKey::from_file(Path::new("no-such.pem"), turn()).unwrap_err();
        assert!(missing.to_string().contains("no-such.pem"), "{missing}");
        assert!(missing.to_string().contains("openssl"), "{missing}");
        let not_pem = SigningKey::from_file(Path::new("Cargo.toml"), turn()).unwrap_err();
        assert!(not_pem.to_string().contains("Cargo.toml"), "{not_pem}");
        SigningKey::from_stored(b"not a key", turn()).unwrap_err();
    }

    #[test]
    fn neither_debug_output_nor_the_public_part_has_the_private_one() {
        let key = SigningKey::generate(turn()).unwrap();
        let seed = &key.expose()[16..];
        let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(seed);
        let json = serde_json::to_string(&key.public).unwrap();
        assert!(!json.contains(&encoded));
        assert!(!json.contains("\"d\""), "{json}");
        let shown = format!("{key:?}");
        assert!(
            !shown.contains("pkcs8") && shown.contains(key.kid()),
            "{shown}"
        );
    }
}
