//! What every text of the catalogue has to keep to.

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Empty,
    TooLong(usize),
    Control,
}

impl Fault {
    /// The fault of `what`, in a sentence for a person.
    pub(super) fn sentence(&self, what: &str) -> String {
        match self {
            Self::Empty => format!("{what} must not be empty"),
            Self::TooLong(most) => format!("{what} must have at most {most} characters"),
            Self::Control => format!("{what} must not contain control characters"),
        }
    }
}

/// `text` without space around it, if it has 1 to `most` characters and no control
/// characters. A line break counts as one unless `lines` allows it.
pub(super) fn checked(text: &str, most: usize, lines: bool) -> Result<&str, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    if text.chars().count() > most {
        return Err(Fault::TooLong(most));
    }
    if text
        .chars()
        .any(|c| c.is_control() && !(lines && c == '\n'))
    {
        return Err(Fault::Control);
    }
    Ok(text)
}
