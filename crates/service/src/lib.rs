//! What every service shares: configuration, telemetry, lifecycle, HTTP, health and access tokens.
//!
//! **Purpose.** A service crate says what it owns and what it decides; how a process starts,
//! listens, reports, checks a token and stops is the same for all and is written once, here.
//!
//! **Boundary.** No crate of the workspace is imported, and no shop word, no MongoDB driver and no
//! Kafka client appear here. [`config`] holds their settings as plain data.
//!
//! **Flow.** The binary parses [`config`] structs and calls [`telemetry::init`]. A
//! [`lifecycle::Lifecycle`] owns the tasks. A service builds its `axum` router from the extractors
//! of [`http`], merges [`health::Health::routes`], passes it through [`http::layers`] and gives it
//! to [`http::serve`]; the binary gives the process's metrics a port of their own with
//! [`http::serve_metrics`] where the settings ask for one. [`token::Verifier`] in the router's
//! state turns a bearer token into a [`token::Caller`].
//!
//! **How to add one.** A setting: a field with a doc comment, a flag and a variable in [`config`].
//! A problem that several services answer with: a constructor in `http/problem.rs` and a page in
//! `docs/errors/`. What only one service needs stays in that service.

pub mod config;
pub mod health;
pub mod http;
pub mod lifecycle;
pub mod telemetry;
pub mod token;
