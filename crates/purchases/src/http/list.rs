//! `GET /getAllUserBuys/{username}` and `GET /buyList/{username}`: the same purchases in two forms.

use axum::extract::State;
use host::Context;
use http::HeaderMap;
use service::http::{Json, Path, Problem, ProblemBody, Query};

use super::access::may;
use super::body::{BuyList, Paging, PurchaseBody, UserBuys};
use super::problems;
use crate::Settings;
use crate::store::purchases_of;

/// The most purchases of a page.
const MOST: u16 = 1_000;

/// A user's purchases, by name
#[utoipa::path(
    get, path = "/getAllUserBuys/{username}", tag = "purchases", security((), ("bearer" = [])),
    params(("username" = String, Path, description = "Who bought"), Paging),
    responses(
        (status = 200, description = "The purchases as they came", body = UserBuys),
        (status = 401, description = "`unauthorized`: not in a demo start", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: somebody else's", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "`invalid-query`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_all_user_buys(
    State(context): State<Context<Settings>>,
    headers: HeaderMap,
    Path(username): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<UserBuys>, Problem> {
    let (purchases, next_page_token) = page(&context, &headers, &username, paging).await?;
    Ok(Json(UserBuys {
        username,
        purchases,
        next_page_token,
    }))
}

/// A user's purchases
#[utoipa::path(
    get, path = "/buyList/{username}", tag = "purchases", security((), ("bearer" = [])),
    params(("username" = String, Path, description = "Who bought"), Paging),
    responses(
        (status = 200, description = "The purchases as they came", body = BuyList),
        (status = 401, description = "`unauthorized`: not in a demo start", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: somebody else's", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "`invalid-query`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn buy_list(
    State(context): State<Context<Settings>>,
    headers: HeaderMap,
    Path(username): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<BuyList>, Problem> {
    let (purchases, next_page_token) = page(&context, &headers, &username, paging).await?;
    Ok(Json(BuyList {
        status: "Ok!",
        purchases,
        next_page_token,
    }))
}

/// A page of `username`'s purchases, and where the next one begins.
async fn page(
    context: &Context<Settings>,
    headers: &HeaderMap,
    username: &str,
    paging: Paging,
) -> Result<(Vec<PurchaseBody>, Option<String>), Problem> {
    may(context, headers, username, None).await?;
    let size = paging.page_size.unwrap_or(MOST);
    if !(1..=MOST).contains(&size) {
        return Err(problems::page_size(MOST));
    }
    let after = paging.page_token.as_deref();
    // One more than the page has tells whether another follows.
    let found = purchases_of(&context.database(), username, after, usize::from(size) + 1).await;
    let mut rows = found.map_err(|fault| problems::of_store(&fault))?;
    let more = rows.len() > usize::from(size);
    rows.truncate(size.into());
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok((rows.into_iter().map(PurchaseBody::from).collect(), next))
}
