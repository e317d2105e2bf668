//! The provider over HTTP, one file per endpoint.
//!
//! None of them is described to the gateway: they are for services and operators that have the key, at the
//! provider's own address. The README describes them.

mod answer;
mod body;
mod books;
mod caller;
mod create_intent;
mod faults;
mod move_intent;
mod problems;
mod read_intents;
mod refund_intent;
mod simulator;

use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;

pub use simulator::Simulator;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Simulator> {
    OpenApiRouter::new()
        .route(
            "/v1/intents",
            post(create_intent::create_intent).get(read_intents::list_intents),
        )
        .route("/v1/intents/{id}", get(read_intents::get_intent))
        .route("/v1/intents/{id}/capture", post(move_intent::capture))
        .route("/v1/intents/{id}/void", post(move_intent::void))
        .route(
            "/v1/intents/{id}/refunds",
            post(refund_intent::refund_intent),
        )
        .route("/v1/books", get(books::books))
        .route(
            "/v1/faults",
            get(faults::get_faults).put(faults::put_faults),
        )
}
