//! The pair of tokens that login and refresh both end in.

use jiff::{SignedDuration, Timestamp};
use newtype_uuid::GenericUuid;
use service::token::Claims;

use super::{Auth, Fault};
use crate::crypto::{AccessToken, RefreshToken};
use crate::domain::{Account, Family, Role};

/// What someone who logged in or refreshed is given.
#[derive(Debug)]
pub struct Issued {
    /// Proof of who calls, for a few minutes.
    pub access: AccessToken,
    /// Good for one refresh.
    pub refresh: RefreshToken,
    /// For how long the access token is good.
    pub expires_in: SignedDuration,
    /// How long the login can still be refreshed.
    pub login_ends_in: SignedDuration,
}

impl Auth {
    /// Signs an access token that goes with `refresh`. Writes nothing.
    pub(super) fn issue(
        &self,
        account: &Account,
        family: &Family,
        refresh: RefreshToken,
        now: Timestamp,
    ) -> Result<Issued, Fault> {
        let ends = family.access_ends(self.rules.access_lifetime, now);
        let claims = Claims {
            sub: account.id.into_untyped_uuid().to_string(),
            email: account.email.as_str().to_owned(),
            role: match account.role {
                Role::User => service::token::Role::User,
                Role::Admin => service::token::Role::Admin,
            },
            iss: self.rules.issuer.clone(),
            aud: self.rules.audience.clone(),
            iat: now.as_second(),
            exp: ends.as_second(),
            jti: self.clock.uuid().to_string(),
        };
        let access = self.keys.sign(&claims, now)?;
        let expires_in = SignedDuration::from_secs(ends.as_second() - now.as_second());
        Ok(Issued {
            access,
            refresh,
            expires_in,
            login_ends_in: family.expires_at.duration_since(now),
        })
    }
}
