//! The service's collections: `carts`, `checkouts`, and the copies of products.

mod carts;
mod checkouts;
mod products;

pub use carts::{CARTS, CartRow, all, find, insert, read, replace};
pub use checkouts::{
    CHECKOUTS, CheckoutRow, all_checkouts, checkouts, close_checkouts, insert_checkouts,
    read_checkout, remove_checkouts,
};
pub use products::{product, products_of, versions_of};
