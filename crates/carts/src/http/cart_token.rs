//! What a visitor's cart is known by.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// 256 random bits, base64url, 43 characters. Never logged or stored: what is stored is the id that it
/// stands for, a part of its digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct CartToken([u8; 32]);

impl CartToken {
    /// A new one.
    pub(super) fn draw() -> Self {
        Self(rand::random())
    }

    /// Reads a token as it was sent; `None` when it can't be one.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The text to give to its holder.
    pub(super) fn expose(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The id of its cart: a `UUIDv8`, which no account's id is.
    pub(super) fn cart_id(self) -> Uuid {
        let digest: [u8; 32] = Sha256::digest(self.0).into();
        let (first, _) = digest.split_at(16);
        Builder::from_custom_bytes(first.try_into().unwrap_or_default()).into_uuid()
    }
}

impl fmt::Debug for CartToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CartToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_given_and_anything_else_is_none() {
        let token = CartToken::draw();
        let text = token.expose();
        assert_eq!(text.len(), 43);
        assert_eq!(CartToken::parse(text.as_bytes()), Some(token));
        assert_ne!(CartToken::draw(), token);
        let (short, long) = (&text[..42], format!("{text}A"));
        for wrong in ["", "abc", short, &long, &format!("{text}="), "\u{e9}"] {
            assert_eq!(CartToken::parse(wrong.as_bytes()), None, "{wrong:?}");
        }
        assert_eq!(format!("{token:?}"), "CartToken(***)");
    }

    #[test]
    fn an_id_says_nothing_of_its_token() {
        let (one, other) = (CartToken([1; 32]), CartToken([2; 32]));
        assert_eq!(one.cart_id(), one.cart_id());
        assert_ne!(one.cart_id(), other.cart_id());
        assert_eq!(one.cart_id().get_version_num(), 8);
        assert_ne!(one.cart_id().as_bytes()[..4], [1; 4]);
    }
}
