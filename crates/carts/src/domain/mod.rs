//! What a cart is, and what its customer has to know of it. No I/O, no clock.
//!
//! **How to add one.** A function that takes what it needs to know, the time included, and gives back the
//! new state or the reason why not.

mod cart;
mod checkout;
mod notice;
mod product_copy;

pub use cart::{Cart, Change, Line, MAX_LINES, MAX_QUANTITY, Quantity, Refusal};
pub use checkout::{Checkout, CheckoutRefusal, CheckoutStatus, RejectionReason, total};
pub use notice::{Notice, Offer};
pub use product_copy::ProductCopy;
