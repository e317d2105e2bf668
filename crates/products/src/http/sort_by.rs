use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::Sort;

/// An order of products; `-` turns it round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) enum SortBy {
    /// By name.
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameDown,
    /// The cheapest first.
    #[serde(rename = "price")]
    Price,
    /// The dearest first.
    #[serde(rename = "-price")]
    PriceDown,
    /// The newest first.
    #[serde(rename = "newest")]
    Newest,
}

impl From<SortBy> for Sort {
    fn from(asked: SortBy) -> Self {
        match asked {
            SortBy::Name => Self::Name,
            SortBy::NameDown => Self::NameDown,
            SortBy::Price => Self::Price,
            SortBy::PriceDown => Self::PriceDown,
            SortBy::Newest => Self::Newest,
        }
    }
}

impl From<Sort> for SortBy {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Name => Self::Name,
            Sort::NameDown => Self::NameDown,
            Sort::Price => Self::Price,
            Sort::PriceDown => Self::PriceDown,
            Sort::Newest => Self::Newest,
        }
    }
}
