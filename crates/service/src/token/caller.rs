//! The caller of a request.

use uuid::Uuid;

use super::Role;
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
