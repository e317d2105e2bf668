//! What the catalogue says no to.

use events::ProductId;
use thiserror::Error;

/// Why a command is refused. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A field of a product is not what it must be.
    #[error("{field}: {why}")]
    InvalidProduct {
        /// The field.
        field: &'static str,
        /// What it must be, in a sentence.
        why: String,
    },
    /// A category's name is not what it must be.
    #[error("{0}")]
    InvalidCategory(String),
    /// A product of that name is there, perhaps in other letter case.
    #[error("a product named \"{0}\" exists already; choose another name")]
    ProductExists(String),
    /// A category of that name is there.
    #[error("the category \"{0}\" exists already")]
    CategoryExists(String),
    /// A product is to be in a category that is not there.
    #[error("there is no category \"{0}\"; create it first")]
    UnknownCategory(String),
    /// No product has that id.
    #[error("there is no product with the id {0}")]
    UnknownProduct(ProductId),
    /// Stock is to be raised by nothing or by too much at once.
    #[error("quantity: a restock adds 1 to {most} at a time, not {asked}")]
    InvalidRaise {
        /// What was asked for.
        asked: i64,
        /// The most at a time.
        most: u32,
    },
    /// There would be more of a product than can be kept.
    #[error("quantity: {asked} more would exceed {most} of \"{name}\"; {held} are there")]
    TooMuchStock {
        /// The product's name.
        name: String,
        /// What was asked for.
        asked: u32,
        /// What is there.
        held: u32,
        /// The most that can be kept.
        most: u32,
    },
}

impl Refusal {
    /// A field of a product that is not what it must be.
    pub(super) fn field(field: &'static str, why: impl Into<String>) -> Self {
        Self::InvalidProduct {
            field,
            why: why.into(),
        }
    }
}
