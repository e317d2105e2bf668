//! Pure decisions about orders: no I/O, no clock, no ids drawn.
//!
//! **How to add one.** A function that takes what it needs to know, the time included, and gives
//! back the new state or the reason why not.

mod basket;
mod cancel;
mod checkout;
mod order;
mod place;
mod product_copy;
mod progress;
mod refusal;

pub use basket::{Basket, Item, MAX_LINES, MAX_NAME_CHARS, MAX_QUANTITY, MAX_RAW_LINES, RawLine};
pub use cancel::{Cancelled, MAX_NOTE_CHARS, cancel};
pub use checkout::{InvalidCheckout, KnownPrice, of_checkout};
pub use order::{Author, Identity, Order, Step, details_id, update_id};
pub use place::{asks, place};
pub use product_copy::ProductCopy;
pub use progress::{Progress, progress};
pub use refusal::Refusal;
