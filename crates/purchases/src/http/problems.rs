//! Refusals and faults as problems; each code has a page in `docs/errors/`.

use std::time::Duration;

use host::NotDone;
use http::StatusCode;
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use crate::commands::Duplicate;
use crate::domain::InvalidPurchase;

/// After how long to try again when the database is away.
const SOON: Duration = Duration::from_secs(2);

pub(super) fn of_refusal(refusal: &InvalidPurchase) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-purchase",
        "The purchase is not one",
    )
    .detail(refusal.to_string())
    .with("field", refusal.field())
}

pub(super) fn of_command(why: NotDone<Duplicate>) -> Problem {
    match why {
        NotDone::Refused(Duplicate) => exists(),
        NotDone::Key(problem) => problem,
        NotDone::Store(fault) => of_store(&fault),
    }
}

fn exists() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "purchase-exists",
        "This purchase was taken before",
    )
    .detail("a purchase with the same username, userid, price and timestamp was taken before")
}

pub(super) fn page_size(most: u16) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-query",
        "The query can't be read",
    )
    .detail(format!("page_size must be from 1 to {most}"))
}

pub(super) fn of_store(fault: &StoreError) -> Problem {
    if fault.kind() == ErrorKind::Permanent {
        return Problem::internal(fault);
    }
    tracing::warn!(%fault, "the database can't be used");
    Problem::unavailable(SOON)
}
