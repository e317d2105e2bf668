//! What can be asked of the service, one file per command: decide, save, append the event,
//! in one transaction.

mod append_event;
mod create_category;
mod create_product;
mod error;
mod restock;

pub use create_category::{CreateCategory, create_category};
pub use create_product::{CreateProduct, create_product};
pub use error::CommandError;
pub use restock::{Restock, restock};
