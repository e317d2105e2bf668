//! What the service does with the events of others, one file per event.

mod on_order_create;

pub use on_order_create::OnOrderCreate;
