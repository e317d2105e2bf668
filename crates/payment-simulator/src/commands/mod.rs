//! What can be asked of the service, one file per command.

mod change;
mod create_intent;
mod move_intent;
mod refund_intent;

pub use change::{Changed, Tools};
pub use create_intent::{CreateIntent, NewIntent};
pub use move_intent::{Move, MoveIntent};
pub use refund_intent::RefundIntent;
