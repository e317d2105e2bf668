//! Carts as HTTP shows them.

use std::collections::BTreeMap;

use events::money::{DEFAULT_CURRENCY, DecimalNumber};
use events::{Money, ProductId};
use newtype_uuid::GenericUuid;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Cart, Line, Offer, ProductCopy};

/// A cart, at the prices of now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cart)]
pub(super) struct CartBody {
    /// The cart's id.
    id: Uuid,
    /// Rises with every change of the cart; 0 while nothing was ever in it.
    version: u64,
    /// The currency of all prices, ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// The sum of the lines.
    #[schema(value_type = f64, example = 11.98)]
    total: DecimalNumber,
    /// Each product once, as they were first put in.
    lines: Vec<LineBody>,
}

/// A product in a cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CartLine)]
struct LineBody {
    /// The product.
    product_id: Uuid,
    /// The product's name.
    name: String,
    /// How many are wanted.
    quantity: u32,
    /// The price of one; the last known one of a product that is gone.
    #[schema(value_type = f64, example = 5.99)]
    price: DecimalNumber,
    /// Of all of them; 0 of a product that is gone.
    #[schema(value_type = f64, example = 11.98)]
    total: DecimalNumber,
    /// How many there are. It is decided only when they are ordered.
    available: u32,
    /// A sentence for people: the product has another price than when it was last put in, there are too few
    /// of it, or it is gone. `null` when there is nothing to say.
    #[schema(required, example = "there are only 2 left")]
    notice: Option<String>,
}

impl CartBody {
    /// `cart` with what is known of its products.
    pub(super) fn new(cart: &Cart, products: &BTreeMap<ProductId, ProductCopy>) -> Self {
        let offers = cart.lines.iter();
        let offers = offers.map(|line| (line, Offer::new(line, products.get(&line.product_id))));
        let offers: Vec<(&Line, Offer<'_>)> = offers.collect();
        let currency = offers.first().map(|(_, offer)| offer.total.currency);
        let currency = currency.unwrap_or(DEFAULT_CURRENCY);
        let minor = offers.iter().map(|(_, offer)| offer.total.minor);
        let total = Money::new(minor.fold(0, i64::saturating_add), currency);
        Self {
            id: cart.id,
            version: cart.version,
            currency: currency.code(),
            total: total.into(),
            lines: offers.iter().map(LineBody::new).collect(),
        }
    }
}

impl LineBody {
    fn new((line, offer): &(&Line, Offer<'_>)) -> Self {
        Self {
            product_id: line.product_id.into_untyped_uuid(),
            name: offer.name.to_owned(),
            quantity: line.quantity,
            price: offer.price.into(),
            total: offer.total.into(),
            available: offer.available,
            notice: offer.notice(),
        }
    }
}
