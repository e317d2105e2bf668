//! Access tokens: who calls, and in which role.
//!
//! Tokens are JWTs signed with Ed25519 (`EdDSA`) by the auth service; no other algorithm is
//! accepted, whatever a token's header says.

mod caller;
mod claims;
mod extract;
mod keys;
mod verifier;

pub use caller::Caller;
pub use claims::{Claims, Role};
pub use extract::AdminCaller;
pub use verifier::Verifier;
