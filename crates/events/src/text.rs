//! The one rule for texts that people write, such as a description. [Names](crate::names) have their own.

use crate::names::{is_bidi_control, is_hidden, nfc};

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidText {
    /// It has nothing that can be seen.
    Empty,
    /// It has more characters than this.
    TooLong(usize),
    /// It has a control character other than a line break, or one that changes the direction of text.
    Character(char),
}

impl InvalidText {
    /// What is wrong with `what`, in a sentence for a person.
    pub fn sentence(self, what: &str) -> String {
        match self {
            Self::Empty => format!("{what} must not be empty"),
            Self::TooLong(most) => format!("{what} must have at most {most} characters"),
            Self::Character(found) => format!(
                "{what} must not contain control or directional characters but for line breaks; \
                 it has U+{:04X}",
                u32::from(found)
            ),
        }
    }
}

/// `text` in NFC without space around it, if it has 1 to `most` characters, of which one can be seen,
/// and none that is a control character or turns the text beside it round. A line break may be, and what
/// joins or varies letters: scripts need it, and symbols.
///
/// # Errors
/// When it is no such text.
pub fn parse(text: &str, most: usize) -> Result<String, InvalidText> {
    let text = nfc(text.trim());
    if text.chars().all(|c| c.is_whitespace() || is_hidden(c)) {
        return Err(InvalidText::Empty);
    }
    if text.chars().count() > most {
        return Err(InvalidText::TooLong(most));
    }
    let wrong = |c: &char| (c.is_control() && *c != '\n') || is_bidi_control(*c);
    match text.chars().find(wrong) {
        Some(found) => Err(InvalidText::Character(found)),
        None => Ok(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_scripts_may_be_and_what_deceives_may_not() {
        for (text, kept) in [
            ("  two\nlines ", "two\nlines"),
            ("cafe\u{301}", "caf\u{e9}"),
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}",
                "\u{645}\u{6cc}\u{200c}\u{62e}",
            ),
            ("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}"),
        ] {
            assert_eq!(super::parse(text, 20).as_deref(), Ok(kept), "{text:?}");
        }
        for empty in ["", " ", "\u{200b}", "\u{3164}\u{2060} \u{feff}"] {
            assert_eq!(
                super::parse(empty, 20),
                Err(InvalidText::Empty),
                "{empty:?}"
            );
        }
        for wrong in ['\0', '\r', '\u{85}', '\u{202e}', '\u{2066}'] {
            let text = format!("a{wrong}b");
            assert_eq!(
                super::parse(&text, 20),
                Err(InvalidText::Character(wrong)),
                "{text:?}"
            );
        }
    }
}
