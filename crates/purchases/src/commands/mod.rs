//! What can be asked of the service, one file per command.

mod record_purchase;

pub use record_purchase::{Duplicate, RecordPurchase};
