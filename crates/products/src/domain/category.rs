//! Categories: a name in one form only.

use std::fmt;

use super::refusal::Refusal;
use super::text;

/// A category's name in its only form: trimmed, lower-case, one space between words.
///
/// Every name that comes in passes through here, so what is stored and what is asked for
/// are spelled alike and a filter can't miss.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CategoryName(String);

impl CategoryName {
    /// The longest name, in characters.
    pub const MOST_CHARS: usize = 50;

    /// The one form of `name`.
    ///
    /// # Errors
    /// [`Refusal::InvalidCategory`] when it is empty, longer than
    /// [`MOST_CHARS`](Self::MOST_CHARS), or has control characters.
    pub fn new(name: &str) -> Result<Self, Refusal> {
        let checked = text::checked(name, Self::MOST_CHARS, false)
            .map_err(|fault| Refusal::InvalidCategory(fault.sentence("a category's name")))?;
        Ok(Self::stored(checked))
    }

    /// A name that was asked for. It may name nothing; it can't be refused.
    pub fn asked(name: &str) -> Self {
        Self::stored(name)
    }

    fn stored(name: &str) -> Self {
        let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
        Self(words.join(" "))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CategoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_has_one_form() {
        for spelling in [
            "home office",
            "  Home   Office ",
            "HOME OFFICE",
            "home\u{a0}office",
        ] {
            assert_eq!(
                CategoryName::new(spelling).unwrap().as_str(),
                "home office",
                "{spelling:?}"
            );
            assert_eq!(
                CategoryName::asked(spelling).as_str(),
                "home office",
                "{spelling:?}"
            );
        }
    }

    #[test]
    fn an_invalid_name_is_refused() {
        for bad in ["", "   ", "a\u{0}b", "two\nlines", &"x".repeat(51)] {
            assert!(
                matches!(CategoryName::new(bad), Err(Refusal::InvalidCategory(_))),
                "{bad:?} was taken"
            );
        }
    }
}
