//! Which passwords are taken.

use std::fmt;

/// A password in clear, as a person typed it. It is never shown, logged or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a password is not taken for a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Under [`Password::MIN_CHARS`].
    #[error("a password has at least 8 characters")]
    TooShort,
    /// Over [`Password::MAX_BYTES`].
    #[error("a password has at most 128 bytes; most letters are one byte, others up to four")]
    TooLong,
}

impl Password {
    /// The shortest password for a new account, in Unicode characters (NIST SP 800-63B
    /// 5.1.1.2).
    pub const MIN_CHARS: usize = 8;
    /// The longest password, in bytes, so that nobody makes the hasher chew on megabytes.
    /// Well over the 64 characters that NIST SP 800-63B asks to be allowed.
    pub const MAX_BYTES: usize = 128;

    /// A password as it was presented; it may not be one that [`check`](Self::check) takes.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether a new account may have this password. No kinds of characters are asked for:
    /// length is what helps, rules of that kind make passwords worse (NIST SP 800-63B).
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn check(&self) -> Result<(), InvalidPassword> {
        if self.is_too_long() {
            Err(InvalidPassword::TooLong)
        } else if self.0.chars().count() < Self::MIN_CHARS {
            Err(InvalidPassword::TooShort)
        } else {
            Ok(())
        }
    }

    /// Whether it is over [`MAX_BYTES`](Self::MAX_BYTES), and so nobody's.
    pub fn is_too_long(&self) -> bool {
        self.0.len() > Self::MAX_BYTES
    }

    /// The bytes, for the hasher and nobody else. Spaces and case count.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_decides() {
        let check = |text: &str| Password::new(text).check();
        assert_eq!(check(""), Err(InvalidPassword::TooShort));
        assert_eq!(check("1234567"), Err(InvalidPassword::TooShort));
        assert_eq!(check("12345678"), Ok(()));
        assert_eq!(check(&"x".repeat(128)), Ok(()));
        assert_eq!(check(&"x".repeat(129)), Err(InvalidPassword::TooLong));
        // Seven characters of four bytes are not eight characters.
        assert_eq!(check(&"🦀".repeat(7)), Err(InvalidPassword::TooShort));
        assert_eq!(check(&"🦀".repeat(32)), Ok(()));
        assert_eq!(check(&"🦀".repeat(33)), Err(InvalidPassword::TooLong));
    }

    #[test]
    fn the_demo_shop_uses_an_address_as_its_password() {
        for text in ["aaa@aaa.com", "admin@admin.com"] {
            assert_eq!(Password::new(text).check(), Ok(()));
        }
    }

    #[test]
    fn debug_output_keeps_it() {
        let shown = format!("{:?}", Some(Password::new("correct horse")));
        assert!(!shown.contains("horse"), "{shown}");
    }
}
