//! E-mail addresses as names to log in with.

use std::fmt;

/// An e-mail address in the one form that it is stored and compared in: trimmed, lower case.
///
/// The rule is that of the HTML standard's "valid e-mail address", which browsers' own forms
/// follow, and a dot in the domain, since nobody on the internet has an address without one.
/// ASCII only, so that no two addresses look alike and differ. Whether anyone reads mail
/// there is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Over [`Email::MAX_BYTES`] long.
    #[error("an e-mail address has at most 254 characters")]
    TooLong,
    /// Not of the form `name@domain`.
    #[error("an e-mail address looks like name@example.com")]
    Form,
}

impl Email {
    /// The longest address that mail can be sent to, in bytes (RFC 5321 4.5.3.1.3, without
    /// the brackets).
    pub const MAX_BYTES: usize = 254;

    /// Reads an address as a person typed it.
    ///
    /// # Errors
    /// When it is too long or is no address.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail::Form)?;
        let dotted = domain.contains('.');
        if is_local_part(local) && dotted && domain.split('.').all(is_label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidEmail::Form)
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 64 bytes is the limit of RFC 5321 4.5.3.1.1.
fn is_local_part(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// 63 bytes is the limit of RFC 1035 2.3.4.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_spaces_around_make_no_other_address() {
        for text in ["aaa@aaa.com", "  AAA@aaa.COM ", "\taaa@Aaa.com\n"] {
            assert_eq!(Email::parse(text).unwrap().as_str(), "aaa@aaa.com");
        }
    }

    #[test]
    fn what_browsers_take_is_taken() {
        for text in [
            "a@b.co",
            "first.last+tag@sub.example.co.uk",
            "o'hara@x-y.org",
            "1@2.3",
        ] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_invalid_address_is_refused() {
        for text in [
            "",
            " ",
            "@",
            "a",
            "a@",
            "@b.com",
            "a@b",
            "a@b..com",
            "a@.com",
            "a@b.com.",
            "a@@b.com",
            "a b@c.com",
            "a@b c.com",
            "a@-b.com",
            "a@b-.com",
            "a\0@b.com",
            "a@b.com\r\nBcc: c@d.com",
            "ä@b.com",
            "a@bücher.de",
            "<a@b.com>",
            "a@b.com,c@d.com",
            "{\"$ne\":null}",
        ] {
            assert_eq!(Email::parse(text), Err(InvalidEmail::Form), "{text:?}");
        }
        let long = format!("a@{}.com", "b".repeat(300));
        assert_eq!(Email::parse(&long), Err(InvalidEmail::TooLong));
        let local = format!("{}@b.com", "a".repeat(65));
        assert_eq!(Email::parse(&local), Err(InvalidEmail::Form));
    }

    proptest! {
        #[test]
        fn the_stored_form_is_its_own_stored_form(text in "[ A-Za-z0-9.+-]{1,10}@[A-Za-z0-9.-]{1,20}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
            }
        }

        #[test]
        fn any_text_is_answered(text in any::<String>()) {
            let _ = Email::parse(&text);
        }
    }
}
