//! `GET /api/admin/jobs/{service}`

use axum::extract::State;
use outbox::jobs::{JobFilter, JobState};
use serde::{Deserialize, Serialize};
use service::http::{Json, Problem, ProblemBody, Query};
use service::token::AdminCaller;
use utoipa::{IntoParams, ToSchema};

use super::super::{Operator, problems};
use super::body::{CountsBody, JobBody};
use super::page;

/// Which jobs are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// `dead` (if left out), `waiting` or `running`.
    state: Option<String>,
    /// Those of this name only.
    name: Option<String>,
    /// The most jobs in the answer: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    page_size: Option<i64>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

impl Asked {
    fn filter(self) -> Result<JobFilter, Problem> {
        let state = match self.state.as_deref() {
            None => JobState::Dead,
            Some(name) => JobState::named(name)
                .filter(|state| JobState::OPEN.contains(state))
                .ok_or_else(|| {
                    let open = JobState::OPEN.map(JobState::name).join(", ");
                    problems::invalid_query(format!("state must be one of: {open}"))
                })?,
        };
        Ok(JobFilter {
            state,
            name: self.name,
            after: self.page_token.as_deref().map(page::position).transpose()?,
            limit: page::size(self.page_size)?,
        })
    }
}

/// Jobs of one state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobList)]
pub(super) struct Listed {
    /// Those longest in their state, or due first.
    jobs: Vec<JobBody>,
    /// Asks for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    /// How many there are in all.
    counts: CountsBody,
}

/// Lists the service's jobs
///
/// Those that something is still to be done with; one that has ended is found by its id.
#[utoipa::path(
    get,
    path = "/",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(Asked),
    responses(
        (status = 200, description = "The jobs", body = Listed),
        (status = 400, description = "`invalid-query` or `invalid-page-token`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_jobs(
    AdminCaller(_admin): AdminCaller,
    State(operator): State<Operator>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed>, Problem> {
    let mut filter = asked.filter()?;
    let size = filter.limit;
    // One more says whether there is a next page.
    filter.limit += 1;
    let found = operator.jobs().list(&filter).await;
    let mut found = found.map_err(|fault| problems::of_fault(&fault))?;
    let more = found.len() > size;
    found.truncate(size);
    let counts = operator.jobs().counts().await;
    Ok(Json(Listed {
        next_page_token: found.last().filter(|_| more).map(page::token_behind),
        jobs: found.iter().map(JobBody::from).collect(),
        counts: counts.map_err(|fault| problems::of_fault(&fault))?.into(),
    }))
}
