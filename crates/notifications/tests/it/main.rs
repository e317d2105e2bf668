//! The service on a real MongoDB and a real Kafka, called over HTTP, with a mail server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod handlers;
mod list_mails;
mod mail_server;
mod send_mail;
mod server;
mod templates;
