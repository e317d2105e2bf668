//! Refusals and faults as problem+json (RFC 9457). Each code has a page in `docs/errors/`.

use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use outbox::ErrorKind;
use service::http::Problem;

use crate::commands::Fault;
use crate::commands::login::LoginError;
use crate::commands::refresh::RefreshError;
use crate::commands::register::RegisterError;

/// After how long to try again when the database is away: about what a new election takes.
const DATABASE_RETRY: Duration = Duration::from_secs(5);
/// After how long the queue of passwords has moved on.
const BUSY_RETRY: Duration = Duration::from_secs(1);

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) if error.kind() != ErrorKind::Permanent => {
                tracing::warn!(%error, "the database can't be used");
                Problem::unavailable(DATABASE_RETRY)
                    .detail("accounts can't be reached at the moment; try again in a few seconds")
            }
            Fault::Busy => Problem::unavailable(BUSY_RETRY)
                .detail("too many logins at the moment; try again in a second"),
            Fault::TooMany => Problem::too_many_requests(
                "too many logins and registrations of this address at once",
                BUSY_RETRY,
            ),
            Fault::NotReady => Problem::unavailable(BUSY_RETRY)
                .detail("the service is starting; try again in a second"),
            Fault::Store(error) => Problem::internal(&error),
            Fault::Crypto(error) => Problem::internal(&error),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        match error {
            RegisterError::Email(why) => Problem::new(
                unprocessable,
                "invalid-email",
                "The e-mail address is not valid",
            )
            .detail(why.to_string()),
            RegisterError::Password(why) => Problem::new(
                unprocessable,
                "invalid-password",
                "The password is not valid",
            )
            .detail(why.to_string()),
            RegisterError::AccountExists => Problem::new(
                StatusCode::CONFLICT,
                "account-exists",
                "The e-mail address is taken",
            )
            .detail("this e-mail address can't be registered; if it is yours, log in"),
            RegisterError::Fault(fault) => fault.into(),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::InvalidCredentials => refused(
                "invalid-credentials",
                "E-mail address or password are wrong",
            )
            .detail("the e-mail address or the password is wrong"),
            LoginError::TooMany(wait) => {
                Problem::too_many_requests("too many failed logins", wait.unsigned_abs())
            }
            LoginError::Fault(fault) => fault.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::InvalidRefreshToken => {
                refused("invalid-refresh-token", "The refresh token is not valid")
                    .detail("the login has ended; log in again")
            }
            RefreshError::TooMany => Problem::too_many_requests(
                "this refresh token was used too often: use the newest one",
                BUSY_RETRY,
            ),
            RefreshError::Fault(fault) => fault.into(),
        }
    }
}

/// A 401 has to say how to authenticate (RFC 9110 15.5.2).
fn refused(code: &'static str, title: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, title).header(
        WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"quadrille\""),
    )
}
