//! The rules of the protocol, each of which can be taken away to see that it is missed.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A rule of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A shard whose hold has run out asks the coordinator's record what became of the order
    /// and keeps the hold until it is told. Without it the shard lets go by its own clock
    /// while a confirmation may be on its way.
    FencedExpiry,
    /// A cancellation ends its own attempt and older ones. Without it one that is late ends
    /// the hold of the attempt that follows.
    AttemptFence,
    /// A hold's key is its order: asked for twice, it is made once.
    HoldOnce,
    /// A decision is in the coordinator's record before anybody hears of it. Without it a
    /// crash forgets a decision that a shard has acted on.
    DecisionFirst,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::FencedExpiry,
        Self::AttemptFence,
        Self::HoldOnce,
        Self::DecisionFirst,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FencedExpiry => "fenced-expiry",
            Self::AttemptFence => "attempt-fence",
            Self::HoldOnce => "hold-once",
            Self::DecisionFirst => "decision-first",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a [`Rule`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no rule \"{0}\"; there are {names}", names = Rule::ALL.map(Rule::name).join(", "))]
pub struct UnknownRule(String);

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|rule| rule.name() == name);
        found.ok_or_else(|| UnknownRule(name.to_owned()))
    }
}
