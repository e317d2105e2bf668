//! Payments, refunds, balances and their ledger.
//!
//! **Purpose.** One payment for each order that asks for it: by a card at the provider, or from the customer's
//! balance, within a window; given back when the order is cancelled, or when an admin grants it.
//!
//! **Boundary.** An order's way is not decided here: others hear what became of its payment. A card is a token
//! of the provider's, which is forgotten once the outcome is known.
//!
//! **Flow.**
//!
//! ```text
//! OrderUpdate, OrderDetails -> handlers ---+
//! POST .../payment, /refunds -> commands --+-> domain: what is so now, and what is wanted outside
//! POST /hooks/payments ------> commands ---+     -> PaymentUpdate, BalanceUpdate, the ledger, jobs
//! jobs at the provider, the window's end --+
//! ```
//!
//! Whatever reaches the provider is a job under a key of its own, asked for again until its outcome is known.
//! The provider decides what came first, a capture or a void, and what it says is what is learnt. The ledger
//! is the difference between how a payment was and how it is ([`domain::Position`]), so it sums to zero.
//!
//! **How to add one.** A way to pay: a [`domain::Try`] and what it does in `domain/payment.rs`. Another
//! provider: an adapter of [`provider::PaymentProvider`].

pub mod commands;
mod demo;
pub mod domain;
pub mod handlers;
pub mod http;
pub mod jobs;
mod name;
pub mod provider;
pub mod recovery;
pub mod schedule;
mod settings;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use events::{BalanceUpdate, OrderDetails, OrderUpdate, PaymentUpdate};
use host::{App, Context, Instance, Service, StartError};
use outbox::jobs::JobSettings;
use outbox::mongo::MongoDatabase;

use crate::handlers::{OnOrderDetails, OnOrderUpdate};
use crate::http::Api;
use crate::jobs::{AtProvider, RunEndWindow};
use crate::provider::HttpProvider;
use crate::recovery::PaymentRecovery;
use crate::schedule::{CaptureCharge, ChargeCard, EndWindow, RefundCharge, VoidCharge};

pub use settings::{DEMO_PROVIDER_KEY, DEMO_WEBHOOK_SECRET, Settings};

/// The longest pause before the provider is asked again: how soon after it is back.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// Some five days: a pause is three quarters of the longest one on average.
const MAX_ATTEMPTS: u32 = 5_000;

/// The role that is the provider in a demo start.
const SIMULATOR: &str = "payment-simulator";

/// The service.
pub struct Payments;

fn at_provider(context: &Context<Settings>) -> AtProvider<MongoDatabase, HttpProvider> {
    let settings = context.settings();
    let key = settings.provider_key(context.is_demo());
    let beside = || context.address_of(SIMULATOR).map(str::to_owned);
    let url = settings.payment_provider_url.clone().or_else(beside);
    let provider = HttpProvider::new(url, key);
    AtProvider::new(
        context.database(),
        context.clock(),
        Arc::new(provider),
        settings.rules(),
    )
}

impl Service for Payments {
    const NAME: &'static str = name::NAME;
    const ABOUT: &'static str = "Payments, refunds, balances and their ledger";
    const PORT: u16 = 8087;
    const HEALTH: &'static str = "/api/payments_health";
    type Settings = Settings;
    type State = Api;

    fn register(app: &mut App<Self>) {
        app.tables(&[store::PAYMENTS, store::LEDGER, store::BALANCES])
            .publishes::<PaymentUpdate>()
            .publishes::<BalanceUpdate>()
            .on::<OrderUpdate, _>("awaits the payment, or gives it up", |context| {
                let settings = context.settings();
                let (rules, window) = (settings.rules(), settings.payment_window);
                OnOrderUpdate::new(context.database(), context.clock(), rules, window)
            })
            .on::<OrderDetails, _>("begins the payment", |context| {
                let rules = context.settings().rules();
                OnOrderDetails::new(context.database(), context.clock(), rules)
            })
            .job::<ChargeCard, _>(at_provider)
            .job::<CaptureCharge, _>(at_provider)
            .job::<VoidCharge, _>(at_provider)
            .job::<RefundCharge, _>(at_provider)
            .timer::<EndWindow, _>(|context| {
                let rules = context.settings().rules();
                RunEndWindow::new(context.database(), context.clock(), rules)
            })
            .job_settings(JobSettings {
                longest_pause: LONGEST_PAUSE,
                max_attempts: MAX_ATTEMPTS,
                ..JobSettings::default()
            })
            .recovery(|context| PaymentRecovery::new(context.database(), context.clock()))
            .writes_wait_for_recovery()
            .demo(demo::load)
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Api, StartError> {
        Api::new(instance.context())
    }
}
