//! Accounts: who may log in, and the tokens that prove it.
//!
//! **Purpose.** People register with an e-mail address and a password, log in for a short
//! access token and a long refresh token, and log out. The other services check access tokens
//! by this service's public keys, without asking it.
//!
//! **Boundary.** It owns accounts, password hashes, refresh tokens and signing keys, all in
//! its own MongoDB database (see [`store`]; it holds private keys, protect it). It publishes
//! every account as it is, without a secret, and consumes nothing.
//!
//! **Flow.**
//!
//! ```text
//! POST /api/register           http::register -> commands::register -> argon2id pool, account + outbox -> AccountUpdate
//! POST /api/login              http::login    -> commands::login    -> argon2id pool, new family, signature
//! POST /api/refresh            http::refresh  -> commands::refresh  -> domain::family judges, one guarded write
//! POST /api/logout             http::logout   -> commands::logout   -> the family is revoked
//! GET  /.well-known/jwks.json  http::jwks     -> crypto::key_ring
//! ```
//!
//! An access token (JWT, `EdDSA`, 15 minutes) can't be taken back before it expires; a refresh
//! token is opaque, stored as its hash, replaced at each use, and revoked with its whole
//! family when it is used twice ([`domain::family`]). Signing keys take turns without a break
//! ([`domain::key_schedule`]).
//!
//! **Metrics.** `auth_logins_total` by outcome (`ok`, `refused`, `delayed`, `busy`),
//! `auth_refresh_tokens_reused_total` (each is a login that was revoked: a thief or a broken
//! client), and what every service counts.
//!
//! **How to add one.** A new endpoint is a file in `http/` that is listed in `http/mod.rs`, and
//! a command in `commands/` that decides with `domain/` and writes through `store/`; a new
//! problem code is one line in `http/problems.rs` and a page in `docs/errors/`.

mod api;
pub mod commands;
pub mod crypto;
pub mod domain;
pub mod http;
mod keys;
mod migration;
mod name;
mod operator;
pub mod seed;
pub mod settings;
pub mod store;

use std::convert::Infallible;
use std::sync::Arc;

use events::AccountUpdate;
use host::{App, Instance, StartError};

use crate::api::api;
use crate::commands::Auth as Api;
use crate::store::MongoAuth;

pub use domain::Role;
pub use operator::{RotateError, rotate_signing_key, seed_account};
pub use seed::{DEMO_USERS, SeedError, Seeded};
pub use settings::Settings;

/// The service.
pub struct Auth;

impl host::Service for Auth {
    const NAME: &'static str = name::NAME;
    const ABOUT: &'static str = "Accounts and tokens";
    const PORT: u16 = 8081;
    const HEALTH: &'static str = "/api/authentication_health";
    type Settings = Settings;
    type State = Api;

    fn register(app: &mut App<Self>) {
        app.tables(&store::COLLECTIONS)
            .publishes::<AccountUpdate>()
            .demo(seed::demo)
            .migration("account-updates", migration::account_updates)
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Api, StartError> {
        describe_metrics();
        let settings = instance.settings();
        let given = keys::given(&settings.issuing).map_err(StartError::of_service)?;
        let store = MongoAuth::new(instance.database());
        let api = api(store, settings, instance.tokens(), instance.clock())
            .await
            .map_err(StartError::of_service)?;
        if let Some(given) = given {
            api.keys.replace(given);
        } else {
            let (api, stop) = (api.clone(), instance.stopping());
            let reload = settings.issuing.key_reload;
            instance.spawn("keys", async move {
                keys::keep(&api, reload, &stop).await;
                Ok::<_, Infallible>(())
            });
        }
        let keys = Arc::clone(&api.keys);
        instance.check("signing-keys", move || {
            let loaded = keys.get().is_some();
            async move { loaded.then_some(()).ok_or("they are not loaded yet") }
        });
        Ok(api)
    }
}

/// Registers what is counted, so that it is there with 0 before it happens.
fn describe_metrics() {
    use metrics::{Unit, counter, describe_counter};
    describe_counter!("auth_logins_total", Unit::Count, "Logins, by their outcome");
    for outcome in ["ok", "refused", "delayed", "busy"] {
        counter!("auth_logins_total", "outcome" => outcome).increment(0);
    }
    describe_counter!(
        "auth_refresh_tokens_reused_total",
        Unit::Count,
        "Logins revoked because a replaced refresh token was used again"
    );
    counter!("auth_refresh_tokens_reused_total").increment(0);
}
