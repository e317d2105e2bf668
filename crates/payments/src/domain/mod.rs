//! What payments decide. No I/O, no clock, no ids drawn.

mod attempt;
mod balance;
mod ledger;
mod payment;
mod recovered;
mod wanted;

pub use attempt::{Attempt, Outcome};
pub use balance::{Balance, InvalidGrant};
pub use ledger::Position;
pub use payment::{Closed, NotPaid, Payment, RefundRefused, Rules, Try};
pub use wanted::Wanted;
