//! What the service does with the events of others, one file per event.

mod on_account_update;

pub use on_account_update::OnAccountUpdate;
