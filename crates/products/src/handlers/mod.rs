//! What the service does with the events of others, one file per event.

mod on_order_create;
mod on_order_update;

pub use on_order_create::OnOrderCreate;
pub use on_order_update::OnOrderUpdate;
