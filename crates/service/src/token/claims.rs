//! What an access token says.

use serde::{Deserialize, Serialize};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys.
    User,
    /// Runs the shop.
    Admin,
}

impl Role {
    /// The role as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account's id, a UUID.
    pub sub: String,
    /// The account's e-mail address.
    pub email: String,
    /// The account's role.
    pub role: Role,
    /// Who signed.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// When it was signed, in seconds since 1970 UTC.
    pub iat: i64,
    /// When it ends, in seconds since 1970 UTC.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
}
