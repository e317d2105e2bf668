//! Refusals and faults as problems; each code has a page in `docs/errors/`.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use crate::domain::Refusal;

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
        Refusal::Closed => {
            let challenge = "Bearer realm=\"quadrille\", error=\"invalid_token\"";
            return Problem::unauthorized(HeaderValue::from_static(challenge))
                .detail("the account is deleted");
        }
    };
    problem.detail(refusal.to_string())
}

pub(super) fn of_store(fault: &StoreError) -> Problem {
    if fault.kind() == ErrorKind::Permanent {
        return Problem::internal(fault);
    }
    tracing::warn!(%fault, "the database can't be used");
    Problem::unavailable(SOON)
}
