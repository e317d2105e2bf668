//! The caller of a request, as an extractor.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use uuid::Uuid;

use super::{Role, Verifier};
use crate::http::Problem;

/// Who calls. As an extractor it answers 401 without a good token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account's id.
    pub account_id: Uuid,
    /// The account's e-mail address.
    pub email: String,
    /// The account's role.
    pub role: Role,
}

/// A caller who is an admin. As an extractor it answers 401 without a good token and 403 to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminCaller(pub Caller);

impl Caller {
    /// # Errors
    ///
    /// 403 `forbidden` when the caller's role is another.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        self.require_any(&[role])
    }

    /// # Errors
    ///
    /// 403 `forbidden` when the caller's role is none of `roles`.
    pub fn require_any(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        let needed: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        let detail = format!(
            "this needs the role {}; the account has the role {}",
            needed.join(" or "),
            self.role.as_str()
        );
        Err(Problem::forbidden().detail(detail))
    }
}

impl<S> FromRequestParts<S> for Caller
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Verifier::from_ref(state).caller(&parts.headers).await
    }
}

impl<S> FromRequestParts<S> for AdminCaller
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require(Role::Admin)?;
        Ok(Self(caller))
    }
}
