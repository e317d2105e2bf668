//! Accounts: who may log in, and the tokens that prove it.
//!
//! **Purpose.** People register with an e-mail address and a password, log in for a short
//! access token and a long refresh token, and log out. The other services check access tokens
//! by this service's public keys, without asking it.
//!
//! **Boundary.** It owns accounts, password hashes, refresh tokens and signing keys, all in
//! its own MongoDB database (see [`store`]; it holds private keys, protect it). It publishes
//! nothing and subscribes to nothing ([`CONTRACT`]): no other service keeps a copy of an
//! account.
//!
//! **Flow.**
//!
//! ```text
//! POST /api/register           http::register -> commands::register -> argon2id pool, store::accounts
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
//! **Metrics.** `auth_logins_total` by outcome (`ok`, `refused`), `auth_refresh_tokens_reused_total`
//! (each is a login that was revoked: a thief or a broken client), and what every service counts.
//!
//! **How to add one.** A new endpoint is a file in `http/` that is listed in `http/mod.rs`, and
//! a command in `commands/` that decides with `domain/` and writes through `store/`; a new
//! problem code is one line in `http/problems.rs` and a page in `docs/errors/`.

pub mod commands;
pub mod crypto;
pub mod domain;
pub mod http;
pub mod seed;
pub mod settings;
pub mod store;
pub mod wiring;

use events::Contract;

pub use domain::Role;
pub use http::openapi;
pub use seed::{SeedError, Seeded, seed_account};
pub use settings::Settings;
pub use wiring::{
    MigrateError, RunError, Running, StartError, migrate, rotate_signing_key, run, start, start_at,
};

/// This service's part in the choreography: none.
pub const CONTRACT: Contract = Contract {
    service: "auth",
    publishes: &[],
    subscribes: &[],
};
