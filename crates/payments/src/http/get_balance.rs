//! `GET /api/balance`

use axum::extract::State;
use events::AccountId;
use service::http::{Json, Problem, ProblemBody};
use service::token::Caller;

use super::api::Api;
use super::body::BalanceBody;
use super::problems;
use crate::store;

/// What the caller has to pay with
#[utoipa::path(
    get, path = "/api/balance", tag = "payments", security(("bearer" = [])),
    responses(
        (status = 200, description = "The balance", body = BalanceBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_balance(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<BalanceBody>, Problem> {
    let account = AccountId::from_u128(caller.account_id.as_u128());
    let found = store::balance(&api.context.database(), account).await;
    let balance = found.map_err(|fault| problems::of_store(&fault))?;
    Ok(Json(BalanceBody::from(&balance)))
}
