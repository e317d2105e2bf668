//! What the service does with the events of others, one file per event.

mod on_order_details;
mod on_order_update;

pub use on_order_details::OnOrderDetails;
pub use on_order_update::OnOrderUpdate;
