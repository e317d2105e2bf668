//! The one rule for names of things in the shop, such as products and categories.
//!
//! **Shown** is a name in Unicode's NFC, without space around it and with one space between words.
//! Whatever can't be seen or turns what stands beside it round is refused, since two names that look
//! alike would be two. **Compared** are names by their [`key`]: NFKC with case folding, and without
//! what can't be seen (Unicode's `NFKC_Casefold`), so that `Chair`, `CHAIR` and `chair` are one name.
//!
//! Names of builds before this rule may break it. They stay as they are; [`former_key`] is what they
//! were compared by.

use std::borrow::Cow;
use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde::{Deserialize, Serialize};

/// A name as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidName {
    /// It has nothing that can be seen.
    Empty,
    /// It has more characters than this.
    TooLong(usize),
    /// It has a character that is invisible, a control character, or changes the direction of text.
    Character(char),
}

impl InvalidName {
    /// What is wrong with `what`, in a sentence for a person.
    pub fn sentence(self, what: &str) -> String {
        match self {
            Self::Empty => format!("{what} must not be empty"),
            Self::TooLong(most) => format!("{what} must have at most {most} characters"),
            Self::Character(found) => format!(
                "{what} must not contain invisible, control or directional characters; it has U+{:04X}",
                u32::from(found)
            ),
        }
    }
}

impl Name {
    /// `text` as it is shown, if it has 1 to `most` characters.
    ///
    /// # Errors
    /// When it is no name.
    pub fn new(text: &str, most: usize) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
            return Err(InvalidName::Character(hidden));
        }
        let shown = one_space_between_words(&nfc(text));
        if shown.chars().count() > most {
            return Err(InvalidName::TooLong(most));
        }
        Ok(Self(shown))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is compared by.
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What any text that may be a name is compared by. Of a text that is none it may be another's.
pub fn key(text: &str) -> String {
    one_space_between_words(&fold(text))
}

/// What builds before this rule compared `name` by.
pub fn former_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// `text` in the form in which texts are searched: as [`key`], and its white space as it is.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Unicode 16, D147: NFKC(toCasefold(NFKC(toCasefold(NFD(X))))), and without default-ignorables.
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut text = DecomposingNormalizerBorrowed::new_nfd()
        .normalize(text)
        .into_owned();
    for _ in 0..2 {
        text.retain(|c| !ignorable.contains(c));
        text = nfkc
            .normalize(&CaseMapper::new().fold_string(&text))
            .into_owned();
    }
    text
}

/// `text` in NFC.
pub fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Whether `c` can't stand in a name. Of white space that is a tab and what separates lines.
pub fn is_hidden(c: char) -> bool {
    /// A symbol to Unicode, and an empty place to everybody who looks.
    const BRAILLE_BLANK: char = '\u{2800}';
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let separates = [
        GeneralCategory::Control,
        GeneralCategory::LineSeparator,
        GeneralCategory::ParagraphSeparator,
    ];
    separates.contains(&category)
        || c == BRAILLE_BLANK
        || is_bidi_control(c)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether `c` changes the direction of the text beside it.
pub fn is_bidi_control(c: char) -> bool {
    CodePointSetData::new::<BidiControl>().contains(c)
}

fn one_space_between_words(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        joined.push(' ');
        joined.push_str(word);
    }
    joined
}
