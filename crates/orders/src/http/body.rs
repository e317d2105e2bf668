//! Orders as HTTP shows them.

use events::money::DecimalNumber;
use events::{
    Cancellation, CheckoutRejection, OrderLine, OrderStatus, ProductId, Reason, Rejection,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Order, Step};

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(super) struct OrderBody {
    /// The order's id.
    id: Uuid,
    /// Who placed it.
    customer_id: Uuid,
    /// `PENDING`, `ACCEPTED`, `REJECTED`, `PAID`, `IN_DELIVERY`,
    /// `DELIVERED`, `CANCELLING` or `CANCELLED`.
    #[schema(value_type = String, example = "PENDING")]
    status: OrderStatus,
    /// The sum of the lines.
    #[schema(value_type = f64, example = 41.97)]
    cost: DecimalNumber,
    /// The currency of all prices, ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// What is wanted; each product once.
    products: Vec<LineBody>,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Why it was rejected or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonBody>,
    /// Its steps, oldest first; where one order is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<StepBody>>,
}

/// A product in an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
struct LineBody {
    /// The product's name.
    name: String,
    /// The price of one when the order was placed.
    #[schema(value_type = f64, example = 5.99)]
    price: DecimalNumber,
    /// How many.
    quantity: u32,
}

/// Why an order was rejected or cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderReason)]
struct ReasonBody {
    /// The reason's stable name.
    #[schema(example = "insufficient-stock")]
    code: String,
    /// A sentence for people.
    detail: String,
    /// The product's name, for a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
}

/// A step of an order's way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderStep)]
struct StepBody {
    /// Where it stood from then on.
    #[schema(value_type = String, example = "ACCEPTED")]
    status: OrderStatus,
    /// When it was decided.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The service that decided it.
    by: &'static str,
    /// Why, for a rejection and a cancellation.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonBody>,
    /// What the person who cancelled it wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl OrderBody {
    /// The order as lists show it.
    pub(super) fn of(order: &Order) -> Self {
        Self {
            id: Uuid::from_bytes(order.id.into_bytes()),
            customer_id: Uuid::from_bytes(order.customer.into_bytes()),
            status: order.status,
            cost: order.total.into(),
            currency: order.total.currency.code(),
            products: order.lines.iter().map(LineBody::of).collect(),
            created_at: order.created_at,
            reason: order
                .reason
                .as_ref()
                .map(|reason| ReasonBody::of(reason, &order.lines)),
            history: None,
        }
    }

    /// The order with its history.
    pub(super) fn in_full(order: &Order) -> Self {
        let step = |step: &Step| StepBody {
            status: step.status,
            at: step.at,
            by: step.by.name(),
            reason: step
                .reason
                .as_ref()
                .map(|reason| ReasonBody::of(reason, &order.lines)),
            note: step.note.clone(),
        };
        Self {
            history: Some(order.history.iter().map(step).collect()),
            ..Self::of(order)
        }
    }
}

impl LineBody {
    fn of(line: &OrderLine) -> Self {
        Self {
            name: line.name.clone(),
            price: line.unit_price.into(),
            quantity: line.quantity,
        }
    }
}

impl ReasonBody {
    fn of(reason: &Reason, lines: &[OrderLine]) -> Self {
        let line = reason.product_id().map(|product| line_of(product, lines));
        let (product, wanted) = line.unzip();
        let name = product.as_deref().unwrap_or_default();
        let wanted = wanted.unwrap_or_default();
        let detail = match reason {
            Reason::Rejection(Rejection::InsufficientStock { available: 0, .. }) => {
                format!("{name} is sold out.")
            }
            Reason::Rejection(Rejection::InsufficientStock { available, .. }) => {
                format!("There were {available} of {name} left; the order wanted {wanted}.")
            }
            Reason::Rejection(Rejection::UnknownProduct { .. }) => {
                format!("{name} is not in the shop any more.")
            }
            Reason::Checkout(CheckoutRejection::PriceChanged { price, .. }) => {
                format!("{name} costs {price} now.")
            }
            Reason::Cancellation(cancellation) => match cancellation {
                Cancellation::CancelledByCustomer => "The customer cancelled the order.",
                Cancellation::CancelledByShop => "The shop cancelled the order.",
                Cancellation::PaymentDeclined => "The payment was declined.",
                Cancellation::PaymentExpired => "The order was not paid for in time.",
            }
            .to_owned(),
            Reason::Other { code } => code.clone(),
        };
        Self {
            code: reason.code().to_owned(),
            detail,
            product,
        }
    }
}

/// The product's name, and how many of it are wanted.
fn line_of(product: ProductId, lines: &[OrderLine]) -> (String, u32) {
    let line = lines.iter().find(|line| line.product_id == product);
    line.map_or_else(
        || (product.to_string(), 0),
        |line| (line.name.clone(), line.quantity),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Money;
    use events::money::DEFAULT_CURRENCY;

    #[test]
    fn a_rejection_names_the_product_in_a_sentence() {
        let line = OrderLine {
            product_id: ProductId::from_u128(1),
            name: "laptop".to_owned(),
            quantity: 2,
            unit_price: Money::new(129_999, DEFAULT_CURRENCY),
            seller: None,
        };
        let reason = |available| {
            Reason::Rejection(Rejection::InsufficientStock {
                product_id: ProductId::from_u128(1),
                available,
            })
        };
        let body = ReasonBody::of(&reason(1), std::slice::from_ref(&line));
        assert_eq!(
            body.detail,
            "There were 1 of laptop left; the order wanted 2."
        );
        assert_eq!(
            (body.code.as_str(), body.product.as_deref()),
            ("insufficient-stock", Some("laptop"))
        );
        assert_eq!(
            ReasonBody::of(&reason(0), &[line]).detail,
            "laptop is sold out."
        );
    }
}
