//! Pure decisions: no I/O, no clock, no ids drawn.

mod category;
mod decide;
mod draft;
mod refusal;
mod stock;
mod stock_balance;

pub use category::CategoryName;
pub use decide::{Decision, Decisions, Demand, Outcome, Stock, Wanted, added_up, decide};
pub use draft::{Draft, DraftFields};
pub use refusal::Refusal;
pub use stock::{release, restocked};
pub use stock_balance::StockBalance;
