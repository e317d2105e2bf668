//! Categories: a name as it is shown, and compared by its key.

use std::fmt;

use events::names::{self, Name};

use super::refusal::Refusal;

/// A category's name as it is shown: by the rule for [`names`], and in lower case.
///
/// Whether two are one is for their [keys](Self::key) to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CategoryName(String);

impl CategoryName {
    /// The longest name, in characters.
    pub const MOST_CHARS: usize = 50;

    /// `name` as it is shown.
    ///
    /// # Errors
    /// [`Refusal::InvalidCategory`] when it is none of 1 to [`MOST_CHARS`](Self::MOST_CHARS)
    /// characters.
    pub fn new(name: &str) -> Result<Self, Refusal> {
        let name = Name::new(name, Self::MOST_CHARS)
            .map_err(|fault| Refusal::InvalidCategory(fault.sentence("a category's name")))?;
        Ok(Self::asked(name.as_str()))
    }

    /// A name that was asked for. It may name nothing; it can't be refused.
    pub fn asked(name: &str) -> Self {
        let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
        Self(names::nfc(&words.join(" ")).into_owned())
    }

    /// A name as it is stored.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// What is unique about it.
    pub fn key(&self) -> String {
        names::key(&self.0)
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
    fn what_is_shown_and_what_is_compared_are_two() {
        let street = CategoryName::new("Cafe\u{301} Stra\u{df}e").unwrap();
        assert_eq!(street.as_str(), "caf\u{e9} stra\u{df}e");
        assert_eq!(street.key(), CategoryName::asked("CAF\u{c9} STRASSE").key());
    }

    #[test]
    fn an_invalid_name_is_refused() {
        for bad in [
            "",
            "   ",
            "a\u{0}b",
            "two\nlines",
            "\u{3164}",
            "a\u{200b}b",
            &"x".repeat(51),
        ] {
            assert!(
                matches!(CategoryName::new(bad), Err(Refusal::InvalidCategory(_))),
                "{bad:?} was taken"
            );
        }
    }
}
