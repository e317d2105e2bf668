//! Pure decisions: no I/O, no clock, no ids drawn.

mod category;
mod decide;
mod draft;
mod refusal;
mod stock;
mod text;

pub use category::CategoryName;
pub use decide::{Decision, Decisions, Demand, Outcome, Stock, Wanted, decide};
pub use draft::{Draft, DraftFields, ProductName};
pub use refusal::Refusal;
pub use stock::raised;
