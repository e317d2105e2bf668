//! What can be asked of the service, one file per command.

mod change_cart;
mod check_out;
mod own_cart;

pub use change_cart::ChangeCart;
pub use check_out::{CheckOut, Request};
pub use own_cart::{Changed, Owner};
