//! Problems as operators see them.

use std::time::Duration;

use http::StatusCode;
use outbox::dead_letter::DeadLetterError;
use outbox::jobs::JobAdminError;
use outbox::{ErrorKind, StoreError};
use service::http::Problem;

use super::path_id;

/// How long a client waits before it tries a store that is away again.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) fn of_error(error: DeadLetterError) -> Problem {
    match error {
        DeadLetterError::Unknown { .. } => Problem::new(
            StatusCode::NOT_FOUND,
            "unknown-letter",
            "There is no such dead letter",
        )
        .detail(
            "there is no dead letter with this id; it may have been handled meanwhile: load the \
             list again",
        ),
        DeadLetterError::Waits { waits_for, .. } => {
            let first = path_id::from_id(&waits_for);
            let title = "An earlier message of the key is a dead letter too";
            Problem::new(StatusCode::CONFLICT, "letter-waits", title)
                .detail(format!(
                    "this message waits behind {first}; deal with that one, and this one follows"
                ))
                .with("waits_for", first)
        }
        DeadLetterError::NoReason => reason_required(),
        DeadLetterError::Store(fault) => of_fault(&fault),
        other @ DeadLetterError::Several { .. } => Problem::internal(&other),
    }
}

pub(super) fn of_job(error: JobAdminError) -> Problem {
    match error {
        JobAdminError::Unknown(_) => {
            Problem::new(StatusCode::NOT_FOUND, "unknown-job", "There is no such job")
                .detail("no job was ever scheduled or cancelled under this id")
        }
        JobAdminError::WrongState { state, .. } => {
            let title = "The job is not in a state for this";
            Problem::new(StatusCode::CONFLICT, "job-state", title)
                .detail(error.to_string())
                .with("state", state.name())
        }
        JobAdminError::NoReason => reason_required(),
        JobAdminError::Store(fault) => of_fault(&fault),
    }
}

pub(super) fn invalid_query(detail: String) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-query",
        "A query parameter is invalid",
    )
    .detail(detail)
}

pub(super) fn reason_required() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "reason-required",
        "A reason is needed",
    )
    .detail("give a reason of 1 to 500 characters; it is kept with who did it and when")
    .with("field", "reason")
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
