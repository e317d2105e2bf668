//! Pure decisions about orders: no I/O, no clock, no ids drawn.
//!
//! **How to add one.** A function that takes what it needs to know, the time included, and gives
//! back the new state or the reason why not.

mod basket;
mod cancel;
mod order;
mod place;
mod product_copy;
mod progress;
mod refusal;

pub use basket::{Basket, Item, MAX_LINES, MAX_NAME_CHARS, MAX_QUANTITY, MAX_RAW_LINES};
pub use cancel::{Cancelled, MAX_NOTE_CHARS, cancel};
pub use order::{Author, Order, Step, details_id, update_id};
pub use place::{Identity, place};
pub use product_copy::ProductCopy;
pub use progress::{Progress, progress};
pub use refusal::Refusal;
