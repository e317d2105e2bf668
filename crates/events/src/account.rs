//! Accounts: what the owner says of them.

use outbox::Event;
use serde::{Deserialize, Serialize};

use crate::ids::AccountId;
use crate::topics;

/// An account changed: the whole of its public state since then. Never a secret.
///
/// The topic is compacted, so that a deletion overwrites the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUpdate {
    /// The account.
    pub account_id: AccountId,
    /// Where its person is reached; absent once it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What it may do, by the role's name.
    pub role: String,
    /// Whether it may not log in.
    pub blocked: bool,
    /// Access tokens of an older version are not valid any more.
    pub token_version: u64,
    /// Whether it is deleted.
    pub deleted: bool,
    /// Rises by one with every change; a copy takes only a newer one.
    pub version: u64,
}

impl Event for AccountUpdate {
    const TYPE: &'static str = "AccountUpdate";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::ACCOUNTS;

    fn key(&self) -> String {
        self.account_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}
