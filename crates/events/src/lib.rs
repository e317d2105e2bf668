//! The shop's published language: what services say to each other, and nothing else.
//!
//! **Purpose.** One place for the events, the ids, the money and the names that they carry, the
//! topics that they travel on, and the one table of an order's statuses.
//!
//! **Boundary.** Plain data. No I/O, no framework; of the workspace only the outbox's
//! [`Event`](outbox::Event) trait and its description of a topic.
//!
//! **Flow.** A service publishes an event by putting it in its outbox; others subscribe by
//! its type.
//!
//! **How to add one.** A struct in the file of its aggregate that implements `Event`, a
//! topic in [`topics`] when it is a new one, and a frozen sample in `src/contracts/` that
//! tests read for ever after. A change that old readers could not read is a new version:
//! raise `VERSION`, keep the old sample, and read it in `Event::read`.

pub mod account;
pub mod checkout;
pub mod decimal;
pub mod demo;
pub mod ids;
pub mod money;
pub mod names;
pub mod order;
pub mod payment;
pub mod product;
pub mod purchase;
pub mod status;
pub mod text;
pub mod topics;

pub use account::AccountUpdate;
pub use checkout::{Address, CartCheckout, CheckoutLine, OrderDetails, PaymentChoice};
pub use ids::{AccountId, OrderId, ProductId, SellerId};
pub use iso_currency::Country;
pub use money::{Money, MoneyError};
pub use order::{
    Cancellation, CheckoutRejection, OrderCreate, OrderLine, OrderStatusUpdate, OrderUpdate,
    Reason, Rejection,
};
pub use payment::{
    AttemptStatus, BalanceUpdate, LedgerAccount, LedgerEntry, PaymentAttempt, PaymentMethod,
    PaymentRefund, PaymentStatus, PaymentUpdate,
};
pub use product::{ProductCreate, ProductState, ProductsQuantityUpdate};
pub use purchase::PurchaseCreate;
pub use status::{Asks, OrderStatus};
