//! Whose purchases a caller may see and add.

use host::Context;
use http::HeaderMap;
use service::http::Problem;
use service::token::Role;

use crate::Settings;

/// Lets `username` and, where it is given, `userid` be the caller's own; anyone's in a demo start, and
/// for an admin.
pub(super) async fn may(
    context: &Context<Settings>,
    headers: &HeaderMap,
    username: &str,
    userid: Option<&str>,
) -> Result<(), Problem> {
    if context.is_demo() {
        return Ok(());
    }
    let caller = context.verifier().caller(headers).await?;
    let own = username.eq_ignore_ascii_case(&caller.email)
        && userid.is_none_or(|id| id == caller.account_id.to_string());
    if own || caller.role == Role::Admin {
        return Ok(());
    }
    Err(Problem::forbidden().detail(format!(
        "these are not your own purchases: username must be {} and userid {}",
        caller.email, caller.account_id
    )))
}
