//! The gateway from outside, before services that tell what reached them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod access_table;
mod connections;
mod description;
mod hosts;
mod limits;
mod operations;
mod outage;
mod passing_on;
mod problem_codes;
mod security_page;
mod streaming;
mod support;
mod tls;
mod web_ui;
