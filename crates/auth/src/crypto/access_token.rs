//! The tokens that other services take as proof of who calls.

use std::fmt;

/// A signed access token, in the form in which it travels. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text to give to its holder.
    pub fn expose(self) -> String {
        self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(***)")
    }
}
