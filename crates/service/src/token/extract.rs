//! Callers as extractors.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::{Caller, Role, Verifier};
use crate::http::Problem;

/// A caller who is an admin. As an extractor it answers 401 without a good token and 403 to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminCaller(pub Caller);

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
