//! `GET /api/admin/dead-letters/{service}`

use axum::extract::State;
use outbox::dead_letter::LetterFilter;
use serde::{Deserialize, Serialize};
use service::http::{Json, Problem, ProblemBody, Query};
use service::token::AdminCaller;
use utoipa::{IntoParams, ToSchema};

use super::body::LetterBody;
use super::{Operator, problems};

/// How many are shown at once.
const MOST: usize = 100;

/// Which letters are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Those of this topic only.
    topic: Option<String>,
    /// Those of this key only.
    key: Option<String>,
}

/// What is parked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterList)]
pub(super) struct Letters {
    /// The first parked message of each key, the longest parked first; at most 100.
    letters: Vec<LetterBody>,
    /// How many messages are parked in all, those that wait included.
    parked: u64,
}

/// Lists what the service has parked
///
/// The first message of each key; those that wait behind it are counted.
#[utoipa::path(
    get,
    path = "/",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(Asked),
    responses(
        (status = 200, description = "What is parked", body = Letters),
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
) -> Result<Json<Letters>, Problem> {
    let filter = LetterFilter {
        topic: asked.topic,
        key: asked.key,
        limit: MOST,
    };
    let desk = operator.desk();
    let found = desk.list(&filter).await;
    let found = found.map_err(|fault| problems::of_fault(&fault))?;
    let parked = desk.count().await;
    Ok(Json(Letters {
        letters: found.iter().map(LetterBody::from).collect(),
        parked: parked.map_err(|fault| problems::of_fault(&fault))?,
    }))
}
