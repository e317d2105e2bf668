//! What can be asked of the service, one file per command.

mod change_cart;

pub use change_cart::{ChangeCart, Changed, Owner};
