//! Refusals and faults as problems; each code has a page in `docs/errors/`.

use std::time::Duration;

use events::MoneyError;
use events::money::DecimalNumber;
use host::NotDone;
use http::StatusCode;
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use crate::commands::NotChanged;
use crate::domain::{InvalidGrant, NotPaid, RefundRefused};

/// After how long to try again when the database is away.
const SOON: Duration = Duration::from_secs(2);

pub(super) fn unknown_payment() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-payment",
        "There is no such payment",
    )
    .detail(
        "there is no order of this id that is to be paid for, it is someone else's, or it is not accepted yet",
    )
}

/// What became of a request that was run once.
pub(super) fn of_done<R>(why: NotDone<R>, of_refusal: impl Fn(R) -> Problem) -> Problem {
    match why {
        NotDone::Refused(refusal) => of_refusal(refusal),
        NotDone::Key(problem) => problem,
        NotDone::Store(fault) => of_store(&fault),
    }
}

pub(super) fn not_changed<R>(why: NotChanged<R>, of_refusal: impl Fn(R) -> Problem) -> Problem {
    match why {
        NotChanged::Unknown => unknown_payment(),
        NotChanged::Refused(refusal) => of_refusal(refusal),
    }
}

pub(super) fn not_paid(why: NotPaid) -> Problem {
    let conflict =
        |code, title| Problem::new(StatusCode::CONFLICT, code, title).detail(why.to_string());
    match why {
        NotPaid::Paid => conflict("already-paid", "The order is paid"),
        NotPaid::Closed(_) => conflict("payment-closed", "Nothing is to be paid any more"),
        NotPaid::UnderWay => {
            conflict("payment-under-way", "A payment of this order is under way").retry_after(SOON)
        }
    }
}

pub(super) fn refund_refused(why: RefundRefused) -> Problem {
    match why {
        RefundRefused::TooLarge(left) => Problem::new(
            StatusCode::CONFLICT,
            "refund-too-large",
            "Less is left than is to be refunded",
        )
        .detail(why.to_string())
        .with("left", DecimalNumber::from(left)),
        RefundRefused::Nothing => invalid("amount", why.to_string()),
    }
}

pub(super) fn invalid_grant(why: InvalidGrant) -> Problem {
    match why {
        InvalidGrant::TooLittle(_) => Problem::new(
            StatusCode::CONFLICT,
            "insufficient-balance",
            "The balance is too small for that",
        )
        .detail(why.to_string()),
        InvalidGrant::TooMuch => invalid("amount", why.to_string()),
    }
}

pub(super) fn invalid_amount(why: &MoneyError) -> Problem {
    invalid("amount", why.to_string())
}

pub(super) fn invalid(field: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-payment",
        "The payment, refund or balance is not valid",
    )
    .detail(detail)
    .with("field", field)
}

pub(super) fn invalid_signature(detail: &str) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid-signature",
        "The webhook is not signed by the provider",
    )
    .detail(detail)
}

pub(super) fn no_provider() -> Problem {
    Problem::unavailable(SOON)
        .detail("no card provider is set: QUADRILLE_PAYMENTS_WEBHOOK_SECRET is missing")
}

pub(super) fn of_store(fault: &StoreError) -> Problem {
    if fault.kind() == ErrorKind::Permanent {
        return Problem::internal(fault);
    }
    tracing::warn!(%fault, "the database can't be used");
    Problem::unavailable(SOON)
}

/// The most characters of a reason.
const LONGEST_REASON: usize = 500;

/// A reason that somebody can read.
pub(super) fn reason(text: String) -> Result<String, Problem> {
    let readable = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if readable && text.chars().count() <= LONGEST_REASON {
        return Ok(text);
    }
    let detail = format!("reason must have 1 to {LONGEST_REASON} visible characters");
    Err(invalid("reason", detail))
}
