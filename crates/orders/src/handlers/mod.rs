//! What the service does when others say that something happened, one file per event.
//!
//! **How to add one.** A file `on_<event>.rs` with a handler whose doc says what sets it off, what
//! it does, what it emits and why it may run twice; a line in
//! [`Orders`](crate::Orders).

mod on_cart_checkout;
mod on_order_status_update;
mod on_payment_update;
mod take_facts;

pub use on_cart_checkout::OnCartCheckout;
pub use on_order_status_update::OnOrderStatusUpdate;
pub use on_payment_update::OnPaymentUpdate;
pub use take_facts::{Fact, take_facts};
