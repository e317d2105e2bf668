//! What is done outside, or later, one file per job.

mod at_provider;
mod capture_charge;
mod charge_card;
mod end_window;
mod refund_charge;
mod void_charge;

pub use at_provider::AtProvider;
pub use end_window::RunEndWindow;
