//! Mails about accounts and orders.
//!
//! **Purpose.** Tells people by mail what happened to their accounts and orders, each thing once.
//!
//! **Boundary.** Nothing is decided here and nothing is published: what others do never waits for a
//! mail. Addresses are a copy of what auth publishes, and stand in no job.
//!
//! **Flow.**
//!
//! ```text
//! AccountUpdate, OrderUpdate -> handlers: a mail's row + the job that sends it, in one transaction
//! the job                    -> send_mail: address, templates, SMTP -> the row is SENT (or KEPT)
//! GET /api/admin/mails       -> http::list_mails
//! ```
//!
//! The mail server may be away: jobs are tried again for five days, as long as mail servers do it among
//! themselves (RFC 5321 4.5.4.1). A mail is sent at least once, always under the same `Message-ID`.
//! Without a mail server it is kept in its row, to be read by an admin.
//!
//! **How to add one.** A mail: a kind in `domain`, which says what asks for it, and its two files in
//! `templates/`.

pub mod domain;
mod erase_mails;
pub mod handlers;
pub mod http;
mod send_mail;
mod settings;
mod smtp;
pub mod store;
pub mod templates;

use std::time::Duration;

use events::{AccountUpdate, OrderUpdate};
use host::{App, Context, Instance, Service, StartError};
use outbox::jobs::JobSettings;

use crate::domain::{Mail, Recipient};
use crate::handlers::{OnAccountUpdate, OnOrderUpdate};
use crate::smtp::SmtpClient;

pub use erase_mails::{EraseMails, RunEraseMails};
pub use send_mail::{SendMail, job_id};
pub use settings::Settings;

/// The longest pause before a mail is tried again: how soon after the mail server is back.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// Some five days: a pause is three quarters of the longest one on average.
const MAX_ATTEMPTS: u32 = 960;

/// The service.
pub struct Notifications;

impl Service for Notifications {
    const NAME: &'static str = "notifications";
    const ABOUT: &'static str = "Mails about accounts and orders";
    const PORT: u16 = 8085;
    const HEALTH: &'static str = "/api/notifications_health";
    type Settings = Settings;
    type State = Context<Settings>;

    fn register(app: &mut App<Self>) {
        app.tables(&[store::MAILS])
            .replica_by::<AccountUpdate, Recipient, _>(
                "keeps the address and mails its person",
                |context| OnAccountUpdate::new(context.database(), context.settings().mail_max_age),
            )
            .on::<OrderUpdate, _>("mails the customer", |context| {
                OnOrderUpdate::new(context.database(), context.settings().mail_max_age)
            })
            .job::<Mail, _>(|context| {
                SendMail::new(context.database(), context.clock(), context.settings())
            })
            .job::<EraseMails, _>(|context| RunEraseMails::new(context.database()))
            .job_settings(JobSettings {
                longest_pause: LONGEST_PAUSE,
                max_attempts: MAX_ATTEMPTS,
                ..JobSettings::default()
            })
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Context<Settings>, StartError> {
        SmtpClient::new(instance.settings()).map_err(StartError::of_service)?;
        Ok(instance.context())
    }
}
