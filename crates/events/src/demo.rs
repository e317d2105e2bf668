//! What services agree on in a shop that is started for trying it out.

use crate::ids::AccountId;

/// The demo's customer: auth opens the account under this id, and payments puts money into its balance.
pub const CUSTOMER: AccountId = AccountId::from_u128(0x0193_8c1e_5a00_7000_8000_0000_0000_0aaa);
