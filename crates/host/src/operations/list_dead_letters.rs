//! `GET /api/admin/dead-letters/{service}`

use axum::extract::State;
use outbox::dead_letter::DeadLetterFilter;
use serde::{Deserialize, Serialize};
use service::http::{Json, Problem, ProblemBody, Query};
use service::token::AdminCaller;
use utoipa::{IntoParams, ToSchema};

use super::body::DeadLetterBody;
use super::{Operator, problems};

/// How many are shown at once.
const MOST: usize = 100;

/// Which dead letters are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Those of this topic only.
    topic: Option<String>,
    /// Those of this key only.
    key: Option<String>,
}

/// The dead letters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterList)]
pub(super) struct DeadLettersBody {
    /// The first dead letter of each key, the oldest first; at most 100.
    letters: Vec<DeadLetterBody>,
    /// How many dead letters there are in all, those that wait included.
    parked: u64,
}

/// Lists the service's dead letters
///
/// The first message of each key; those that wait behind it are counted.
#[utoipa::path(
    get,
    path = "/",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(Asked),
    responses(
        (status = 200, description = "The dead letters", body = DeadLettersBody),
        (status = 400, description = "`invalid-query`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_dead_letters(
    AdminCaller(_admin): AdminCaller,
    State(operator): State<Operator>,
    Query(asked): Query<Asked>,
) -> Result<Json<DeadLettersBody>, Problem> {
    let filter = DeadLetterFilter {
        topic: asked.topic,
        key: asked.key,
        limit: MOST,
    };
    let dead_letters = operator.dead_letters();
    let found = dead_letters.list(&filter).await;
    let found = found.map_err(|fault| problems::of_fault(&fault))?;
    let parked = dead_letters.count().await;
    Ok(Json(DeadLettersBody {
        letters: found.iter().map(DeadLetterBody::from).collect(),
        parked: parked.map_err(|fault| problems::of_fault(&fault))?,
    }))
}
