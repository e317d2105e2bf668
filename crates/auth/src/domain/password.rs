//! Which passwords are taken.

use std::fmt;

use events::names::{fold, is_hidden, nfc};
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use super::email::Email;

/// A password in clear, as a person typed it. It is never shown, logged or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    typed: String,
    /// As `OpaqueString` (RFC 8265 4.2) has it, if that is another text: the same whatever keyboard
    /// it was typed on.
    prepared: Option<String>,
}

/// Why a password is not taken for a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Under [`Password::MIN_CHARS`].
    #[error("a password has at least 8 characters")]
    TooShort,
    /// Over [`Password::MAX_BYTES`].
    #[error("a password has at most 128 bytes; most letters are one byte, others up to four")]
    TooLong,
    /// It is no `OpaqueString`.
    #[error("a password has no control characters and none that are invisible or not assigned")]
    Characters,
    /// It is found among the first that anyone would try.
    #[error(
        "this password is guessed at once: it is a common one or a simple pattern, perhaps with little \
         added; take a longer one, such as some words that do not belong together"
    )]
    Common,
    /// It is the person's address or the shop's name.
    #[error("this password is made of your e-mail address or the shop's name; take another one")]
    Personal,
}

/// A password that is found within so many guesses is not taken: the most common ones, these with
/// little added, and simple patterns. What takes more, the delays of failed logins make slow.
const GUESSES: u64 = 1_000;
/// So many characters are looked at: the work grows faster than the text.
const LOOKED_AT: usize = 32;
/// The name of the shop.
const SHOP: &str = "quadrille";
/// How many letters and digits a password has besides the address and the shop's name, at least.
const OWN_CHARS: usize = 4;
/// A part of an address that is shorter is part of many words.
const PART_CHARS: usize = 3;

impl Password {
    /// The shortest password for a new account, in Unicode characters. NIST SP 800-63B-4 3.1.1.2
    /// wants 15 where the password is the only proof; the form asks for them, existing clients' 8
    /// are taken.
    pub const MIN_CHARS: usize = 8;
    /// The longest password, in bytes, so that nobody makes the hasher chew on megabytes.
    /// Well over the 64 characters that NIST SP 800-63B-4 asks to be allowed.
    pub const MAX_BYTES: usize = 128;

    /// A password as it was presented; it may not be one that [`check`](Self::check) takes.
    pub fn new(typed: impl Into<String>) -> Self {
        let typed = typed.into();
        let short = typed.len() <= Self::MAX_BYTES;
        let prepared = short.then(|| opaque_string(&typed)).flatten();
        let prepared = prepared.filter(|prepared| *prepared != typed);
        Self { typed, prepared }
    }

    /// Whether an account may have this password. No kinds of characters are asked for: length is
    /// what helps, rules of that kind make passwords worse (NIST SP 800-63B-4).
    ///
    /// # Errors
    /// When it is too short or too long, or has characters that nobody types.
    pub fn check(&self) -> Result<(), InvalidPassword> {
        if self.is_too_long() {
            Err(InvalidPassword::TooLong)
        } else if self.text().chars().count() < Self::MIN_CHARS {
            Err(InvalidPassword::TooShort)
        } else if opaque_string(&self.typed).is_none() {
            Err(InvalidPassword::Characters)
        } else {
            Ok(())
        }
    }

    /// Whether one that passes [`check`](Self::check) is hard to guess where the address `email` is
    /// known.
    ///
    /// # Errors
    /// When it is easily guessed.
    pub fn check_strength(&self, email: &Email) -> Result<(), InvalidPassword> {
        let address = email.as_str();
        let parts = address.split(|c: char| !c.is_ascii_alphanumeric());
        let parts = parts.filter(|part| part.len() >= PART_CHARS);
        let mut known: Vec<&str> = [address, SHOP].into_iter().chain(parts).collect();
        // A long one may hold a shorter one.
        known.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let text = fold(self.text());
        let without = |text: String, word: &&str| text.replace(word, "");
        let rest = known.iter().fold(text.clone(), without);
        let own = rest.chars().filter(|c| c.is_alphanumeric()).count();
        if rest.len() < text.len() && own < OWN_CHARS {
            return Err(InvalidPassword::Personal);
        }
        let beginning: String = self.text().chars().take(LOOKED_AT).collect();
        if zxcvbn::zxcvbn(&beginning, &known).guesses() < GUESSES {
            return Err(InvalidPassword::Common);
        }
        Ok(())
    }

    /// Whether it is over [`MAX_BYTES`](Self::MAX_BYTES), and so nobody's.
    pub fn is_too_long(&self) -> bool {
        self.typed.len().max(self.text().len()) > Self::MAX_BYTES
    }

    /// The same without being prepared, if that is another text: hashes of older builds are of that
    /// one.
    #[must_use]
    pub fn as_typed(&self) -> Option<Self> {
        self.prepared.as_ref().map(|_| Self {
            typed: self.typed.clone(),
            prepared: None,
        })
    }

    fn text(&self) -> &str {
        self.prepared.as_deref().unwrap_or(&self.typed)
    }

    /// The bytes, for the hasher and nobody else. Spaces and case count.
    pub fn expose(&self) -> &[u8] {
        self.text().as_bytes()
    }
}

/// `typed` as `OpaqueString` (RFC 8265 4.2) has it: every space an ASCII one, in NFC; `None` if it
/// has what that forbids. By today's Unicode and not by the one of the RFC's time, to which newer
/// scripts and symbols are not assigned; without its rules for characters that depend on their
/// neighbours.
fn opaque_string(typed: &str) -> Option<String> {
    let category = |c| CodePointMapData::<GeneralCategory>::new().get(c);
    let spaced: String = typed
        .chars()
        .map(|c| match category(c) {
            GeneralCategory::SpaceSeparator => ' ',
            _ => c,
        })
        .collect();
    let forbidden = |c| {
        let category = category(c);
        let private = category == GeneralCategory::PrivateUse;
        private || category == GeneralCategory::Unassigned || is_hidden(c)
    };
    let prepared = nfc(&spaced);
    (!prepared.chars().any(forbidden)).then(|| prepared.into_owned())
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
    fn one_password_is_one_in_whatever_form_it_is_typed() {
        for (one, other) in [
            ("caf\u{e9} au lait", "cafe\u{301} au lait"),
            ("two words", "two\u{a0}words"),
            ("two words", "two\u{3000}words"),
        ] {
            let (one, other) = (Password::new(one), Password::new(other));
            assert_eq!(one.expose(), other.expose());
            assert_eq!(one.as_typed(), None);
            assert_ne!(other.as_typed().unwrap().expose(), other.expose());
        }
        assert_ne!(
            Password::new("Password").expose(),
            Password::new("password").expose()
        );
        assert_ne!(
            Password::new("a password").expose(),
            Password::new("a password ").expose()
        );
        // Eight letters and their accents are eight characters.
        let accents = |n| Password::new("e\u{301}".repeat(n)).check();
        assert_eq!(accents(7), Err(InvalidPassword::TooShort));
        assert_eq!(accents(8), Ok(()));
        for text in [
            "with a \0 in it",
            "with\u{200b}in it",
            "and a\ttabulator",
            "private \u{e000}",
        ] {
            assert_eq!(
                Password::new(text).check(),
                Err(InvalidPassword::Characters),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_everybody_tries_first_is_not_taken() {
        let email = Email::parse("john.smithers@garden-shop.example.com").unwrap();
        let check = |text: &str| Password::new(text).check_strength(&email);
        for common in [
            "        ",
            "\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}",
            "password",
            "Password",
            "P4ssw0rd",
            "password1",
            "12345678",
            "abcdefgh",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "iloveyou",
            "drowssap",
            "sunshine",
        ] {
            assert_eq!(check(common), Err(InvalidPassword::Common), "{common:?}");
        }
        for personal in [
            "john.smithers@garden-shop.example.com",
            "JOHN.SMITHERS",
            "smithers!",
            "smithers-john",
            "garden-shop12",
            "quadrille",
            "Quadrille-Shop",
            "quadrille123",
        ] {
            assert_eq!(
                check(personal),
                Err(InvalidPassword::Personal),
                "{personal:?}"
            );
        }
        for good in [
            "correct horse",
            "correct horse battery staple",
            "a-secret-password",
            "gardening at 7 in the morning",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{438} \u{43a}\u{43e}\u{442}",
        ] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn the_demo_shop_uses_an_address_as_its_password() {
        for text in ["aaa@aaa.com", "admin@admin.com"] {
            assert_eq!(Password::new(text).check(), Ok(()));
            let own = Password::new(text).check_strength(&Email::parse(text).unwrap());
            assert_eq!(own, Err(InvalidPassword::Personal));
        }
    }

    #[test]
    fn debug_output_keeps_it() {
        let shown = format!("{:?}", Some(Password::new("correct horse")));
        assert!(!shown.contains("horse"), "{shown}");
    }
}
