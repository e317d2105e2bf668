//! `POST /buy`

use axum::extract::State;
use host::{Context, RequestContext};
use http::HeaderMap;
use service::http::{Json, Problem, ProblemBody};

use super::access::may;
use super::body::{NewPurchase, Taken};
use super::problems;
use crate::Settings;
use crate::commands::{Recorded, record_purchase};
use crate::domain::Purchase;

/// Takes a purchase
///
/// It is stored, and everyone hears of it, before the answer. Without a token in a demo start only.
#[utoipa::path(
    post, path = "/buy", tag = "purchases", security((), ("bearer" = [])),
    request_body = NewPurchase,
    responses(
        (status = 200, description = "It is taken", body = Taken),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`: not in a demo start", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: somebody else's", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`purchase-exists`: the same values again", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`body-too-large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`, `invalid-purchase`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn buy(
    State(context): State<Context<Settings>>,
    RequestContext(cause): RequestContext,
    headers: HeaderMap,
    Json(body): Json<NewPurchase>,
) -> Result<Json<Taken>, Problem> {
    may(&context, &headers, &body.username, Some(&body.userid)).await?;
    let purchase = Purchase::new(body.username, body.userid, body.price, body.timestamp)
        .map_err(|refusal| problems::of_refusal(&refusal))?;
    let (database, clock) = (context.database(), context.clock());
    let recorded = record_purchase(&database, clock.as_ref(), cause, purchase).await;
    match recorded.map_err(|fault| problems::of_store(&fault))? {
        Recorded::New => Ok(Json(Taken {
            status: "Ok!",
            message: "Message successfully sent to Kafka!",
        })),
        Recorded::Duplicate => Err(problems::exists()),
    }
}
