//! The edge: routes, access rules, limits and the web UI's files.
//!
//! **Purpose.** One address for browsers and clients. The gateway decides who may come in; what is
//! done inside is the services' business.
//!
//! **Boundary.** It owns no data and knows no order and no product: bodies pass through unread.
//! Each service checks the access token itself too, so a mistake here opens nothing.
//!
//! **Flow.** `service::http::serve_at` takes connections and gives slow ones up. `forwarded.rs`
//! finds out who asks, `front.rs` asks for one host and counts the address. `access.rs` makes the
//! one table of routes from what the services describe. `edge.rs` turns it into a router; each
//! request passes its route's limit (`limits.rs`), the check of its token, role and account
//! (`callers.rs`), and goes to its upstream through `proxy.rs`, streaming both ways. Everything
//! else is the API's description (`openapi.rs`, `docs.rs`, `error_pages.rs`), the operators'
//! metrics (`operations/`), the web UI's files (`web.rs`) and probes.
//!
//! **How to add a route.** Nothing is to be done here: it is described beside its handler, and the
//! test that walks the table covers it. A new problem code: a page in `docs/errors/`.

pub mod access;
mod callers;
mod docs;
mod edge;
mod edge_settings;
mod error;
mod error_pages;
mod forwarded;
mod front;
mod instances;
mod limits;
mod openapi;
mod operations;
mod proxy;
mod security_headers;
mod settings;
mod start;
mod trace;
mod upstreams;
mod web;

pub use edge_settings::{EdgeSettings, LimitSettings, ProxySettings};
pub use error::Error;
pub use error_pages::codes;
pub use openapi::merged;
pub use operations::{Choreography, Published, ServicePart, Subscribed, Topic};
pub use settings::Settings;
pub use start::{ROLE_PORT, Running, run, start};
pub use upstreams::{Addresses, InvalidAddress, Shop, Upstream};
