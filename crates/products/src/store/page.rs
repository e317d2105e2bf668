//! What readers ask of the catalogue, and what they get: a page at a time.

use std::sync::Arc;

use events::{ProductId, ProductState};

use crate::domain::CategoryName;

/// In which order products are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By name, regardless of letter case.
    #[default]
    Name,
    /// By name, backwards.
    NameDown,
    /// The cheapest first.
    Price,
    /// The dearest first.
    PriceDown,
    /// The newest first.
    Newest,
}

/// Which products are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those in this category.
    pub category: Option<CategoryName>,
    /// Those with this text in their name or description, by the rule for names: folded.
    pub search: Option<String>,
}

/// The place after which a page begins: the last product of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// That product.
    pub id: ProductId,
    /// The key of its name, when that is the order.
    pub name_key: Option<String>,
    /// Its price in minor units, when that is the order.
    pub price: Option<i64>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Which products.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// Where the page begins; at the start when it is not said.
    pub after: Option<After>,
    /// The most products on it, at least 1.
    pub size: u32,
}

/// A product as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its public state.
    pub product: ProductState,
    /// What its name is compared by. Its own: a name of an older build may have kept its former one.
    pub name_key: Arc<str>,
}

/// Products, and where the next page begins if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The products, in the order asked for.
    pub products: Vec<ProductState>,
    /// Where the next page begins.
    pub next: Option<After>,
}

impl Sort {
    /// The key of `listed` in this order.
    pub fn place(self, listed: &Listed) -> After {
        let Listed { product, name_key } = listed;
        let id = product.product_id;
        match self {
            Self::Name | Self::NameDown => After {
                id,
                name_key: Some(name_key.as_ref().to_owned()),
                price: None,
            },
            Self::Price | Self::PriceDown => After {
                id,
                name_key: None,
                price: Some(product.price.minor),
            },
            Self::Newest => After {
                id,
                name_key: None,
                price: None,
            },
        }
    }
}
