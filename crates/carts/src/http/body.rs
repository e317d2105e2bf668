//! Carts as HTTP shows them.

use std::collections::BTreeMap;

use events::money::{DEFAULT_CURRENCY, DecimalNumber};
use events::{Money, OrderId, ProductId};
use newtype_uuid::GenericUuid;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Cart, Checkout, CheckoutStatus, Line, Offer, ProductCopy, RejectionReason};

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
    /// A sentence for people: the product could not be ordered, has another price than when it was last put
    /// in, there are too few of it, or it is gone. `null` when there is nothing to say.
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

/// A cart that was checked out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checkout)]
pub(super) struct CheckoutBody {
    /// The order that it becomes.
    order_id: Uuid,
    /// `PENDING`: the order is not placed yet. `PLACED`: it stands. `REJECTED`: there is none, and what was
    /// checked out is in the cart again.
    #[schema(example = "PENDING")]
    status: &'static str,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<CheckoutReasonBody>,
}

/// Why there is no order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckoutRejection)]
struct CheckoutReasonBody {
    /// The reason's stable name.
    #[schema(example = "insufficient-stock")]
    code: String,
    /// A sentence for people.
    detail: String,
    /// The product that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<Uuid>,
}

impl CheckoutBody {
    /// The checkout of the order `order_id`.
    pub(super) fn new(order_id: OrderId, status: CheckoutStatus) -> Self {
        Self {
            order_id: order_id.into_untyped_uuid(),
            status: status.name(),
            reason: None,
        }
    }

    /// `checkout` with its reason.
    pub(super) fn of(checkout: &Checkout) -> Self {
        let reason = |reason: &RejectionReason| CheckoutReasonBody {
            code: reason.code.clone(),
            detail: reason.detail.clone(),
            product_id: reason.product.map(GenericUuid::into_untyped_uuid),
        };
        Self {
            reason: checkout.reason.as_ref().map(reason),
            ..Self::new(checkout.order_id, checkout.status)
        }
    }
}
