//! Pure decisions: no I/O, no clock, no ids drawn.

mod category;
mod decide;
mod draft;
mod past;
mod refusal;
mod stock;
mod text;

pub use category::CategoryName;
pub use decide::{Decision, Decisions, Demand, Outcome, Stock, Wanted, added_up, decide};
pub use draft::{Draft, DraftFields, ProductName};
pub use past::Books;
pub use refusal::Refusal;
pub use stock::raised;
