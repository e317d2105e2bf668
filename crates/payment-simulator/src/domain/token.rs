//! Card tokens, each of which stands for a card that behaves in its own way.

use thiserror::Error;

/// The most characters of a token.
const LONGEST: usize = 200;

/// A token that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("token must have 1 to {LONGEST} visible ASCII characters, such as tok_ok")]
pub struct InvalidToken;

/// The provider's name for a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardToken(String);

/// How the card behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// It pays.
    Pays,
    /// It is declined, for this reason.
    Declined(&'static str),
    /// It pays, and the answer comes late.
    PaysSlowly,
    /// It pays, and the answer is lost.
    PaysUnheard,
    /// It pays, and each webhook comes twice.
    PaysTwiceTold,
}

impl CardToken {
    /// The token `text`.
    ///
    /// # Errors
    /// When it can't be one.
    pub fn new(text: String) -> Result<Self, InvalidToken> {
        let sane =
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        sane.then_some(Self(text)).ok_or(InvalidToken)
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How its card behaves.
    pub fn behaviour(&self) -> Behaviour {
        match self.as_str() {
            "tok_ok" => Behaviour::Pays,
            "tok_declined" => Behaviour::Declined("card-declined"),
            "tok_slow" => Behaviour::PaysSlowly,
            "tok_unknown" => Behaviour::PaysUnheard,
            "tok_twice" => Behaviour::PaysTwiceTold,
            _ => Behaviour::Declined("unknown-card"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_visible_word() {
        assert!(CardToken::new("tok_ok".to_owned()).is_ok());
        for wrong in ["", "tok ok", "tök", "a\nb", &"x".repeat(LONGEST + 1)] {
            assert_eq!(CardToken::new(wrong.to_owned()), Err(InvalidToken));
        }
    }

    #[test]
    fn a_card_that_nobody_knows_is_declined() {
        let card = CardToken::new("tok_anything".to_owned()).unwrap();
        assert_eq!(card.behaviour(), Behaviour::Declined("unknown-card"));
    }
}
