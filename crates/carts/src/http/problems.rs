//! Refusals and faults as problems; each code has a page in `docs/errors/`.

use std::time::Duration;

use events::money::DecimalNumber;
use host::NotDone;
use http::{HeaderValue, StatusCode};
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use crate::domain::{CheckoutRefusal, Refusal};

/// After how long to try again when the database is away.
const SOON: Duration = Duration::from_secs(2);

pub(super) fn of_refusal(refusal: Refusal) -> Problem {
    let problem = match refusal {
        Refusal::UnknownProduct(_) => {
            let title = "There is no such product";
            Problem::new(StatusCode::NOT_FOUND, "unknown-product", title)
        }
        Refusal::InvalidQuantity(_) | Refusal::TooManyLines => {
            let title = "That can't be put into a cart";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-cart", title)
        }
        // Visitors get another cart.
        Refusal::Closed => return account_deleted(),
    };
    problem.detail(refusal.to_string())
}

fn account_deleted() -> Problem {
    let challenge = "Bearer realm=\"quadrille\", error=\"invalid_token\"";
    Problem::unauthorized(HeaderValue::from_static(challenge)).detail("the account is deleted")
}

pub(super) fn of_checkout(why: NotDone<CheckoutRefusal>) -> Problem {
    match why {
        NotDone::Refused(refusal) => not_checked_out(&refusal),
        NotDone::Key(problem) => problem,
        NotDone::Store(fault) => of_store(&fault),
    }
}

fn not_checked_out(refusal: &CheckoutRefusal) -> Problem {
    const STATUS: StatusCode = StatusCode::CONFLICT;
    let problem = match refusal {
        CheckoutRefusal::Closed => return account_deleted(),
        CheckoutRefusal::Empty => Problem::new(STATUS, "empty-cart", "The cart is empty"),
        CheckoutRefusal::Stale(version) => {
            Problem::new(STATUS, "stale-cart", "The cart has changed").with("version", version)
        }
        CheckoutRefusal::UnderWay(order_id) => {
            let title = "An order is still being placed";
            Problem::new(STATUS, "checkout-under-way", title).with("order_id", order_id)
        }
        CheckoutRefusal::Gone { product_id, .. } => {
            let title = "A product is not sold any more";
            Problem::new(STATUS, "product-gone", title).with("product_id", product_id)
        }
        CheckoutRefusal::PriceChanged {
            product_id, now, ..
        } => Problem::new(STATUS, "price-changed", "A price has changed")
            .with("product_id", product_id)
            .with("price", DecimalNumber::from(*now)),
        CheckoutRefusal::Uncountable(_) => {
            let title = "That can't be ordered";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-cart", title)
        }
    };
    problem.detail(refusal.to_string())
}

/// No such checkout, or not this caller's.
pub(super) fn unknown_checkout() -> Problem {
    let title = "There is no such order";
    Problem::new(StatusCode::NOT_FOUND, "unknown-order", title)
        .detail("none of your checkouts of the last 30 days has this order's id")
}

pub(super) fn of_store(fault: &StoreError) -> Problem {
    if fault.kind() == ErrorKind::Permanent {
        return Problem::internal(fault);
    }
    tracing::warn!(%fault, "the database can't be used");
    Problem::unavailable(SOON)
}
