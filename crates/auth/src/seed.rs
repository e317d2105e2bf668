//! Accounts that a new shop starts with.

use std::sync::Arc;

use events::AccountId;
use host::{BoxError, StartError};
use outbox::SystemClock;
use outbox::mongo::MongoDatabase;
use service::config::TokenSettings;

use crate::api::api;
use crate::commands::Fault;
use crate::commands::register::RegisterError;
use crate::domain::{Email, Password, Role};
use crate::settings::Settings;
use crate::store::MongoAuth;

/// What seeding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// The account is new.
    Added,
    /// It was there with this role; its password was left alone.
    Present,
}

/// Why an account was not seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The settings can't be used.
    #[error(transparent)]
    Settings(#[from] StartError),
    /// The address or the password are not allowed, or MongoDB is out of reach.
    #[error("{email}: {cause}")]
    Refused {
        /// The account's address.
        email: String,
        /// What is wrong.
        cause: RegisterError,
    },
    /// Someone else has registered the address. It is not given the role: whoever has it
    /// would get what was meant for another.
    #[error(
        "{email} has an account with the role {role}; remove that account or seed another address"
    )]
    OtherRole {
        /// The account's address.
        email: String,
        /// The role that it has.
        role: &'static str,
    },
}

/// The demo users, each with its e-mail address as its password. Never in a production start.
pub const DEMO_USERS: [(&str, Role); 2] = [
    ("admin@admin.com", Role::Admin),
    (DEMO_CUSTOMER, Role::User),
];

/// The one whose id others know.
const DEMO_CUSTOMER: &str = "aaa@aaa.com";

/// Opens the demo users' accounts.
pub(crate) async fn demo(database: MongoDatabase) -> Result<(), BoxError> {
    for (email, role) in DEMO_USERS {
        let password = Password::new(email);
        let email = Email::parse(email).map_err(|cause| refused(email, cause))?;
        let id = (email.as_str() == DEMO_CUSTOMER).then_some(events::demo::CUSTOMER);
        open(database.clone(), id, email, password, role).await?;
    }
    Ok(())
}

/// An address and a password that someone may register with. The demo users may not.
pub(crate) fn check(email: &str, password: &str) -> Result<(Email, Password), SeedError> {
    let password = Password::new(password);
    let address = Email::parse(email).map_err(|cause| refused(email, cause))?;
    password
        .check()
        .and_then(|()| password.check_strength(&address))
        .map_err(|cause| refused(email, cause))?;
    Ok((address, password))
}

fn refused(email: &str, cause: impl Into<RegisterError>) -> SeedError {
    SeedError::Refused {
        email: email.to_owned(),
        cause: cause.into(),
    }
}

/// Opens an account with a password that was checked, unless it is there; under `id`, or one that is drawn.
pub(crate) async fn open(
    database: MongoDatabase,
    id: Option<AccountId>,
    email: Email,
    password: Password,
    role: Role,
) -> Result<Seeded, SeedError> {
    let store = MongoAuth::new(database);
    let (settings, tokens) = (Settings::default(), TokenSettings::default());
    let auth = api(store, &settings, &tokens, Arc::new(SystemClock))
        .await
        .map_err(StartError::of_service)?;
    match auth
        .open_account(id, email.clone(), password, role, None)
        .await
    {
        Ok(_) => return Ok(Seeded::Added),
        Err(RegisterError::AccountExists) => {}
        Err(cause) => return Err(refused(email.as_str(), cause)),
    }
    let found = auth.store.credentials(&email).await;
    let found = found.map_err(|cause| refused(email.as_str(), Fault::from(cause)))?;
    match found.map(|credentials| credentials.account.role) {
        Some(other) if other != role => Err(SeedError::OtherRole {
            email: email.as_str().to_owned(),
            role: other.as_str(),
        }),
        _ => Ok(Seeded::Present),
    }
}
