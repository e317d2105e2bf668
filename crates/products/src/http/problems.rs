//! Refusals and faults as problems. The rule: a refusal tells all, a fault tells nothing.

use std::time::Duration;

use host::NotDone;
use http::StatusCode;
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use crate::domain::Refusal;

/// How long a client waits before it tries a store that is away again.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) fn of_command(why: NotDone<Refusal>) -> Problem {
    match why {
        NotDone::Refused(refusal) => of_refusal(&refusal),
        NotDone::Key(problem) => problem,
        NotDone::Store(fault) => of_fault(&fault),
    }
}

pub(super) fn of_fault(fault: &StoreError) -> Problem {
    match fault.kind() {
        ErrorKind::Permanent => Problem::internal(fault),
        kind => {
            tracing::warn!(?kind, %fault, "a request meets a store that can't serve it now");
            Problem::unavailable(AGAIN)
        }
    }
}

pub(super) fn of_refusal(refusal: &Refusal) -> Problem {
    use StatusCode as Status;
    let (status, code, title) = match refusal {
        Refusal::InvalidProduct { .. }
        | Refusal::InvalidRaise { .. }
        | Refusal::TooMuchStock { .. } => (
            Status::UNPROCESSABLE_ENTITY,
            "invalid-product",
            "The product is not valid",
        ),
        Refusal::InvalidCategory(_) => (
            Status::UNPROCESSABLE_ENTITY,
            "invalid-category",
            "The category is not valid",
        ),
        Refusal::ProductExists(_) => (
            Status::CONFLICT,
            "product-exists",
            "The product exists already",
        ),
        Refusal::CategoryExists(_) => (
            Status::CONFLICT,
            "category-exists",
            "The category exists already",
        ),
        Refusal::UnknownCategory(_) => (
            Status::UNPROCESSABLE_ENTITY,
            "unknown-category",
            UNKNOWN_CATEGORY,
        ),
        Refusal::UnknownProduct(_) => (Status::NOT_FOUND, "unknown-product", UNKNOWN_PRODUCT),
    };
    let problem = Problem::new(status, code, title).detail(refusal.to_string());
    match refusal {
        Refusal::InvalidProduct { field, .. } => problem.with("field", field),
        Refusal::InvalidRaise { .. } | Refusal::TooMuchStock { .. } => {
            problem.with("field", "quantity")
        }
        _ => problem,
    }
}

const UNKNOWN_PRODUCT: &str = "There is no such product";
const UNKNOWN_CATEGORY: &str = "There is no such category";

pub(super) fn no_product_named(name: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown-product", UNKNOWN_PRODUCT)
        .detail(format!("there is no product named \"{}\"", shown(name)))
}

pub(super) fn no_category_named(name: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown-category", UNKNOWN_CATEGORY)
        .detail(format!("there is no category named \"{}\"", shown(name)))
}

pub(super) fn invalid_query(detail: impl Into<String>) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-query",
        "A query parameter is invalid",
    )
    .detail(detail)
}

pub(super) fn invalid_page_token() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-page-token",
        "The page token is invalid",
    )
    .detail(
        "page_token is none of this query: begin without one, and leave the other \
             parameters as they are from page to page",
    )
}

/// The beginning of what was asked for: enough to know it again.
fn shown(text: &str) -> String {
    const MOST: usize = 100;
    let mut shown: String = text.chars().take(MOST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
