//! Turning pages: `page_size`, and a `page_token` that says behind which job to go on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use outbox::JobId;
use outbox::jobs::{JobPosition, JobView};
use service::http::Problem;

use super::super::problems;

const DEFAULT_SIZE: i64 = 50;
const MAX_SIZE: i64 = 100;

/// How many jobs a page has.
///
/// # Errors
/// 400 for a size out of range.
pub(super) fn size(asked: Option<i64>) -> Result<usize, Problem> {
    let size = asked.unwrap_or(DEFAULT_SIZE);
    let fits = (1..=MAX_SIZE).contains(&size);
    let known = usize::try_from(size).ok().filter(|_| fits);
    known.ok_or_else(|| {
        let detail = format!("page_size must be from 1 to {MAX_SIZE}; it is {size}");
        problems::invalid_query(detail)
    })
}

/// The token that leads behind `job`.
pub(super) fn token_behind(job: &JobView) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", job.at.as_millisecond(), job.id))
}

/// Where `token` leads.
///
/// # Errors
/// 400 for one that is not ours.
pub(super) fn position(token: &str) -> Result<JobPosition, Problem> {
    read(token).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-page-token",
            "The page token is invalid",
        )
        .detail("send page_token unchanged from next_page_token, or omit it for the first page")
    })
}

fn read(token: &str) -> Option<JobPosition> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (at, id) = text.split_once(' ')?;
    Some(JobPosition {
        at: Timestamp::from_millisecond(at.parse().ok()?).ok()?,
        id: JobId::from(id.to_owned()),
    })
}
