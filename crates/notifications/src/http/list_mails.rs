//! `GET /api/admin/mails`

use std::time::Duration;

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host::Context;
use http::StatusCode;
use jiff::Timestamp;
use newtype_uuid::GenericUuid;
use outbox::{ErrorKind, StoreError};
use serde::{Deserialize, Serialize};
use service::http::{Json, Problem, ProblemBody, Query};
use service::token::AdminCaller;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Settings;
use crate::domain::{MailKind, MailStatus};
use crate::store::{self, MailRecord};

const DEFAULT_SIZE: i64 = 50;
const MAX_SIZE: i64 = 100;

/// After how long to try again when the database is away.
const SOON: Duration = Duration::from_secs(2);

/// Which mails are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MailQuery {
    /// Only those of which this has become: `WAITING`, `SENT`, `KEPT` or `DROPPED`.
    #[param(value_type = Option<String>, example = "WAITING")]
    status: Option<MailStatus>,
    /// The most mails in the answer: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    #[serde(alias = "limit")]
    page_size: Option<i64>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

/// A mail. Its bodies are there only if it is not sent, for want of a mail server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mail)]
struct MailBody {
    /// The same in its `Message-ID`.
    id: Uuid,
    /// `ACCOUNT_NEW`, `ACCOUNT_CHANGED`, `ORDER_CREATED`, `ORDER_CANCELLED` or `ORDER_DELIVERED`.
    #[schema(value_type = String, example = "ORDER_CREATED")]
    kind: MailKind,
    /// `WAITING`: it is still to be sent. `SENT`: the mail server has it. `KEPT`: there is no mail
    /// server. `DROPPED`: it is not sent, for this `reason`.
    #[schema(value_type = String, example = "SENT")]
    status: MailStatus,
    /// Why it is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The address, once it is looked up; gone when the account is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    /// The subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The body as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The body as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    /// When that happened which it tells.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was sent or kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    /// Whom it is for.
    account_id: Uuid,
    /// The order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<Uuid>,
}

/// A page of mails, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailPage)]
pub(super) struct MailsBody {
    /// The mails.
    mails: Vec<MailBody>,
    /// Asks for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Lists mails, newest first
///
/// What waits, what was sent, and in a shop without a mail server what would be sent.
#[utoipa::path(
    get, path = "/api/admin/mails", tag = "notifications", security(("bearer" = ["admin"])),
    params(MailQuery),
    responses(
        (status = 200, description = "A page; empty when there is no such mail", body = inline(MailsBody)),
        (status = 400, description = "`invalid-query`, `invalid-page-token`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_mails(
    State(context): State<Context<Settings>>,
    _admin: AdminCaller,
    Query(query): Query<MailQuery>,
) -> Result<Json<MailsBody>, Problem> {
    let size = size(query.page_size)?;
    let after = query.page_token.as_deref().map(read_token).transpose()?;
    // One more says whether there is a next page.
    let found = store::newest(&context.database(), query.status, after, size + 1).await;
    let mut found = found.map_err(|fault| of_store(&fault))?;
    let more = found.len() > size;
    found.truncate(size);
    Ok(Json(MailsBody {
        next_page_token: found.last().filter(|_| more).map(write_token),
        mails: found.into_iter().map(MailBody::from).collect(),
    }))
}

impl From<MailRecord> for MailBody {
    fn from(mail: MailRecord) -> Self {
        Self {
            id: mail.id,
            kind: mail.kind,
            status: mail.status,
            reason: mail.reason,
            recipient: mail.recipient,
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            created_at: mail.created_at,
            sent_at: mail.sent_at,
            account_id: mail.account_id.into_untyped_uuid(),
            order_id: mail.order_id.map(GenericUuid::into_untyped_uuid),
        }
    }
}

fn size(asked: Option<i64>) -> Result<usize, Problem> {
    let size = asked.unwrap_or(DEFAULT_SIZE);
    let fits = (1..=MAX_SIZE).contains(&size);
    let known = usize::try_from(size).ok().filter(|_| fits);
    known.ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-query",
            "A query parameter is invalid",
        )
        .detail(format!(
            "page_size must be from 1 to {MAX_SIZE}; it is {size}"
        ))
    })
}

fn write_token(last: &MailRecord) -> String {
    let at = last.created_at.as_millisecond();
    URL_SAFE_NO_PAD.encode(format!("{at} {}", last.id))
}

fn read_token(token: &str) -> Result<(Timestamp, Uuid), Problem> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (at, id) = text.split_once(' ')?;
        let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
        Some((at, id.parse().ok()?))
    };
    read().ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-page-token",
            "The page token is invalid",
        )
        .detail("send page_token unchanged from next_page_token, or omit it for the first page")
    })
}

fn of_store(fault: &StoreError) -> Problem {
    if fault.kind() == ErrorKind::Permanent {
        return Problem::internal(fault);
    }
    tracing::warn!(%fault, "the database can't be used");
    Problem::unavailable(SOON)
}
