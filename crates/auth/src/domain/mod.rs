//! Pure decisions: what an e-mail address is, which passwords are taken, what a presented
//! refresh token leads to, which signing key signs. No I/O, no clock, nothing drawn.

pub mod account;
pub mod email;
pub mod family;
pub mod key_schedule;
pub mod password;

pub use account::{Account, Role};
pub use email::{Email, InvalidEmail};
pub use family::{Family, FamilyId, TokenHash, Verdict};
pub use password::{InvalidPassword, Password};
