//! What the provider decides. No I/O, no clock, no ids drawn.

mod intent;
mod token;

pub use intent::{Change, Intent, IntentStatus, Refund, Refusal};
pub use token::{Behaviour, CardToken, InvalidToken};
