//! Who calls, by their token.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use service::http::Problem;
use service::token::{Caller, Role, Verifier};

use crate::limits::Limits;

/// Finds out who calls, and counts it.
#[derive(Clone)]
pub(crate) struct Callers {
    pub(crate) verifier: Verifier,
    pub(crate) limits: Arc<Limits>,
}

impl Callers {
    /// The caller whose token `headers` carry, if they have one of `roles`, or if none is named.
    ///
    /// # Errors
    /// 401 without a good token, 403 without the role, 429 when the account asks, or the address
    /// shows invalid tokens, too often.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        address: Option<IpAddr>,
        roles: &[Role],
    ) -> Result<Arc<Caller>, Problem> {
        let caller = self.verifier.shared_caller(headers).await;
        let caller = caller.map_err(|refusal| {
            let shown = headers.contains_key(header::AUTHORIZATION);
            if shown && refusal.status() == StatusCode::UNAUTHORIZED {
                self.limits.refused_token(refusal, address)
            } else {
                refusal
            }
        })?;
        if !roles.is_empty() {
            caller.require_any(roles)?;
        }
        self.limits.check_account(caller.account_id)?;
        Ok(caller)
    }
}
