//! Problems as customers see them.

use std::time::Duration;

use events::OrderStatus;
use events::money::DecimalNumber;
use events::text::InvalidText;
use http::StatusCode;
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use crate::commands::{Declined, NotCancelled, QueueError};
use crate::domain::Refusal;

const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(2);

/// The rules' answer.
pub(super) fn of_declined(declined: &Declined) -> Problem {
    match declined {
        Declined::Refused(refusal) => of_refusal(refusal),
        Declined::KeyReused => host::key_reused(),
    }
}

/// The rules' answer about a basket.
pub(super) fn of_refusal(refusal: &Refusal) -> Problem {
    let problem = match refusal {
        Refusal::UnknownProduct { name } => {
            let title = "There is no such product";
            Problem::new(StatusCode::NOT_FOUND, "unknown-product", title).with("product", name)
        }
        Refusal::InsufficientStock {
            name,
            wanted,
            available,
        } => {
            let title = "There is not enough of a product";
            Problem::new(StatusCode::CONFLICT, "insufficient-stock", title)
                .with("product", name)
                .with("wanted", wanted)
                .with("available", available)
        }
        Refusal::PriceChanged { name, price } => {
            Problem::new(StatusCode::CONFLICT, "price-changed", "A price has changed")
                .with("product", name)
                .with("price", DecimalNumber::from(*price))
        }
        Refusal::InvalidQuantity { name, .. }
        | Refusal::DifferentPrices { name }
        | Refusal::MixedCurrencies { name } => invalid_order().with("product", name),
        Refusal::Empty
        | Refusal::TooManyLines { .. }
        | Refusal::TooManyProducts { .. }
        | Refusal::InvalidName { .. }
        | Refusal::TooExpensive => invalid_order(),
    };
    problem.detail(refusal.to_string())
}

fn invalid_order() -> Problem {
    let title = "That can't be ordered";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-order", title)
}

/// No decision about an order.
pub(super) fn of_queue_error(error: &QueueError) -> Problem {
    match error {
        QueueError::Busy => Problem::unavailable(SOON)
            .detail("too many orders are waiting; nothing was ordered, try again in a moment"),
        QueueError::Unavailable(cause) => {
            tracing::warn!(target: "order", cause, "no decision in time");
            Problem::unavailable(LATER).detail(
                "the order could not be confirmed in time and may have been placed; look at your \
                 orders before you try again, or repeat it with the same Idempotency-Key",
            )
        }
        QueueError::Failed(_) => Problem::internal(error),
    }
}

/// A query that failed.
pub(super) fn of_store(fault: &StoreError) -> Problem {
    match fault.kind() {
        ErrorKind::Transient | ErrorKind::Conflict => {
            tracing::warn!(%fault, "a query failed");
            Problem::unavailable(LATER)
        }
        ErrorKind::Permanent | ErrorKind::Fenced => Problem::internal(fault),
    }
}

/// No such order, or not this caller's.
pub(super) fn unknown_order() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-order",
        "There is no such order",
    )
    .detail("none of your orders has this id")
}

/// An order that is not cancelled.
pub(super) fn of_not_cancelled(why: NotCancelled) -> Problem {
    let status = match why {
        NotCancelled::Unknown => return unknown_order(),
        NotCancelled::TooLate(status) => status,
    };
    let detail = match status {
        OrderStatus::Rejected => "the order was rejected; there is nothing to cancel",
        OrderStatus::Delivered => "the order is delivered",
        _ => "the order is on its way",
    };
    let title = "The order can't be cancelled any more";
    Problem::new(StatusCode::CONFLICT, "too-late", title)
        .detail(detail)
        .with("order_status", status.name())
}

/// A note that can't be kept.
pub(super) fn invalid_note(fault: InvalidText) -> Problem {
    Problem::invalid_body().detail(fault.sentence("reason"))
}

/// Changes can't be followed right now.
pub(super) fn no_live_updates() -> Problem {
    Problem::unavailable(LATER)
        .detail("live updates are not available right now; try again in a moment")
}
