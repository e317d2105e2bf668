//! A card provider for trying things out.
//!
//! **Purpose.** Speaks to a shop as card providers do: payment intents that are authorised, captured, voided
//! and refunded in parts, each request under an idempotency key; signed webhooks; books. And fails as they
//! do, when it is told to.
//!
//! **Boundary.** No money moves. It is no part of the shop: it publishes and consumes nothing, the gateway
//! does not know it, and only `quadrille up` starts it without being asked to.
//!
//! **Flow.**
//!
//! ```text
//! POST /v1/intents, .../capture, /void, /refunds -> commands: intent + books + webhook + its job, in one transaction
//! the job                                        -> send_webhook: signed as Standard Webhooks say
//! GET /v1/intents, /v1/books                     -> store
//! GET, PUT /v1/faults                            -> faults: what goes wrong, and how often
//! ```
//!
//! **How to add one.** A card: a token in `domain/token.rs`. A fault: a rate in [`faults`] and the place where it
//! strikes. An endpoint: a file in `http`, and its lines in the README.

mod body;
pub mod commands;
pub mod domain;
pub mod faults;
pub mod http;
mod name;
mod send_webhook;
mod settings;
pub mod store;

use std::time::Duration;

use host::{App, Instance, Service, StartError};
use outbox::jobs::JobSettings;

use crate::http::Simulator;
use crate::send_webhook::{SendWebhook, WebhookSender};

pub use settings::{DEMO_KEY, DEMO_WEBHOOK_SECRET, Settings};

/// The longest pause before a webhook is sent again: how soon after the receiver is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Some five days: a pause is three quarters of the longest one on average.
const MAX_ATTEMPTS: u32 = 20_000;

/// The service.
pub struct PaymentSimulator;

impl Service for PaymentSimulator {
    const NAME: &'static str = name::NAME;
    const ABOUT: &'static str = "A card provider for trying things out";
    const PORT: u16 = 8088;
    const HEALTH: &'static str = "/api/payment-simulator_health";
    type Settings = Settings;
    type State = Simulator;

    fn register(app: &mut App<Self>) {
        app.tables(&[
            store::INTENTS,
            store::ENTRIES,
            store::WEBHOOKS,
            outbox::idempotency::COLLECTION,
        ])
        .job::<SendWebhook, _>(|context| {
            let settings = context.settings();
            WebhookSender::new(
                context.database(),
                context.clock(),
                settings.webhooks_to(context.address_of(settings::GATEWAY)),
                settings,
                context.is_demo(),
            )
        })
        .job_settings(JobSettings {
            longest_pause: LONGEST_PAUSE,
            max_attempts: MAX_ATTEMPTS,
            ..JobSettings::default()
        })
        .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Simulator, StartError> {
        Simulator::new(instance.context())
    }
}
