//! Refusals and faults as problems; each code has a page in `docs/errors/`.

use std::time::Duration;

use host::NotDone;
use http::StatusCode;
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use crate::domain::Refusal;

/// After how long to try again.
const SOON: Duration = Duration::from_secs(1);

pub(super) fn invalid_intent(field: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-intent",
        "The payment intent is not one",
    )
    .detail(detail)
    .with("field", field)
}

pub(super) fn no_key() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-idempotency-key",
        "The idempotency key can't be one",
    )
    .detail("send an Idempotency-Key: the same one whenever this request is repeated")
}

pub(super) fn unknown_intent() -> Problem {
    Problem::not_found().detail(Refusal::Unknown.to_string())
}

pub(super) fn of_command(why: NotDone<Refusal>) -> Problem {
    match why {
        NotDone::Refused(refusal) => of_refusal(refusal),
        NotDone::Key(problem) => problem,
        NotDone::Store(fault) => of_store(&fault),
    }
}

fn of_refusal(refusal: Refusal) -> Problem {
    let conflict =
        |code, title| Problem::new(StatusCode::CONFLICT, code, title).detail(refusal.to_string());
    match refusal {
        Refusal::Unknown => unknown_intent(),
        Refusal::State { status, .. } => {
            let title = "The payment intent stands where this can't be done";
            conflict("intent-state", title).with("status", status)
        }
        Refusal::TooLarge { left } => {
            conflict("refund-too-large", "Less is left than is to be refunded").with("left", left)
        }
        Refusal::NotNow => {
            conflict("refund-refused", "The refund is refused for now").retry_after(SOON)
        }
    }
}

pub(super) fn page_size(most: usize) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-query",
        "A query parameter is invalid",
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
