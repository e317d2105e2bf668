//! What an operator may do to a service over HTTP.
//!
//! **Purpose.** Each service has dead letters and jobs; looking at them, trying them again and
//! discarding them is the same for all and is written once, here.
//!
//! **Boundary.** For admins. It decides nothing by itself:
//! [`DeadLetters`](outbox::dead_letter::DeadLetters) does, in the service whose letters they are,
//! with that service's own handlers, and [`JobAdmin`](outbox::jobs::JobAdmin). No word of the shop
//! is in here.
//!
//! **Flow.** A service merges [`router`] into its routes and [`openapi`] into its description;
//! the gateway leads `/api/admin/dead-letters/SERVICE` and `/api/admin/jobs/SERVICE` there.
//!
//! **How to add one.** An endpoint: a file in `http`, its line in `documented` there, and a rule
//! for each service in the gateway's table.

mod http;

pub use http::{Operator, openapi, router};
