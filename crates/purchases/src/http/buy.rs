//! `POST /buy`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use host::{Answer, Context, IdempotencyKey, RequestContext};
use http::{HeaderMap, StatusCode};
use outbox::idempotency::Fingerprint;
use service::http::{Json, Problem, ProblemBody};
use sha2::{Digest as _, Sha256};

use super::access::may;
use super::body::{NewPurchase, Taken};
use super::problems;
use crate::Settings;
use crate::commands::RecordPurchase;
use crate::domain::Purchase;

/// Takes a purchase
///
/// It is stored, and everyone hears of it, before the answer. Without a token in a demo start only.
#[utoipa::path(
    post, path = "/buy", tag = "purchases", security((), ("bearer" = [])),
    params(IdempotencyKey),
    request_body = NewPurchase,
    responses(
        (status = 200, description = "It is taken", body = Taken, headers(("Idempotent-Replayed" = String, description = "`true` when the request was answered before"))),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`: not in a demo start", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: somebody else's", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`purchase-exists`: the same values again, and not by a repeated `Idempotency-Key`; `idempotency-key-in-flight`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`body-too-large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`, `invalid-purchase`, `idempotency-key-reused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn buy(
    State(context): State<Context<Settings>>,
    RequestContext(cause): RequestContext,
    key: IdempotencyKey,
    headers: HeaderMap,
    Json(body): Json<NewPurchase>,
) -> Result<Response, Problem> {
    may(&context, &headers, &body.username, Some(&body.userid)).await?;
    let purchase = Purchase::new(body.username, body.userid, body.price, body.timestamp)
        .map_err(|refusal| problems::of_refusal(&refusal))?;
    let asked = Fingerprint::default()
        .text(&purchase.username)
        .text(&purchase.userid)
        .text(&purchase.price)
        .text(&purchase.timestamp);
    // In a demo start there may be no token to know the caller by. A digest, since names differ in length.
    let retry = key.of(Sha256::digest(&purchase.username), asked);
    let (database, clock) = (context.database(), context.clock());
    let work = RecordPurchase::new(&database, clock.as_ref(), cause, purchase);
    let done = host::once(&database, clock.as_ref(), retry, work, |()| {
        let taken = Taken {
            status: "Ok!",
            message: "Message successfully sent to Kafka!",
        };
        Answer::json(StatusCode::OK, &taken)
    });
    let done = done.await.map_err(problems::of_command)?;
    Ok(done.into_response())
}
