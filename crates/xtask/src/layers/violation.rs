use std::fmt;

/// Something that is imported where it may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// "orders -> products", or a file with its line and what is in it.
    pub(crate) edge: String,
    pub(crate) rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    rule: {}", self.edge, self.rule)
    }
}
