//! What changes payments and balances, one file per command, and the books that all of it goes through.

mod books;
mod change_payment;
mod grant_balance;

pub use books::Books;
pub use change_payment::{ChangePayment, NotChanged};
pub use grant_balance::GrantBalance;
