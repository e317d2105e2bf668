//! What answers are made of.

use events::money::DecimalNumber;
use events::{ProductId, ProductState};
use serde::Serialize;
use utoipa::ToSchema;

/// A product.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductBody {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: ProductId,
    /// Its name, unique in the shop regardless of letter case.
    #[schema(example = "chair")]
    pub name: String,
    /// What it is.
    pub description: String,
    /// The price of one, a decimal number with the currency's places.
    #[schema(value_type = f64, example = 29.99)]
    pub price: DecimalNumber,
    /// The currency of the price, as its ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
    /// How many can still be ordered.
    #[schema(example = 30)]
    pub quantity: u32,
    /// The names of its categories, sorted.
    #[schema(example = json!(["furniture"]))]
    pub categories: Vec<String>,
}

impl From<ProductState> for ProductBody {
    fn from(product: ProductState) -> Self {
        Self {
            id: product.product_id,
            name: product.name,
            description: product.description,
            price: product.price.into(),
            currency: product.price.currency.code(),
            quantity: product.quantity,
            categories: product.categories,
        }
    }
}

/// A category.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryBody {
    /// Its name: lower-case, one space between words.
    #[schema(example = "furniture")]
    pub name: String,
}
