//! Pure decisions: what an e-mail address is, which passwords are taken, what a presented
//! refresh token leads to, which signing key signs, how
//! long a failed login waits. No I/O, no clock, nothing drawn.

pub mod account;
pub mod email;
pub mod family;
pub mod key_schedule;
pub mod login_delay;
pub mod password;

pub use account::{Account, Role};
pub use email::{Email, InvalidEmail};
pub use family::{Family, FamilyId, TokenHash, Verdict};
pub use login_delay::{FREE_FAILURES, delay_after};
pub use password::{InvalidPassword, Password};
