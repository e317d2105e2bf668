//! What a purchase is. No I/O, no clock.

mod purchase;

pub use purchase::{InvalidPurchase, Purchase};
