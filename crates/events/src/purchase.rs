//! Purchases that were made elsewhere, as the intake takes them.

use outbox::Event;
use serde::{Deserialize, Serialize};

use crate::topics;

/// A purchase was taken. Its values are texts, as its sender wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseCreate {
    /// The purchase.
    pub purchase_id: String,
    /// Who bought.
    pub username: String,
    /// The buyer's id.
    pub userid: String,
    /// What it cost: a decimal number.
    pub price: String,
    /// When it was bought.
    pub timestamp: String,
}

impl Event for PurchaseCreate {
    const TYPE: &'static str = "PurchaseCreate";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::PURCHASES;

    fn key(&self) -> String {
        self.username.clone()
    }

    fn aggregate_version(&self) -> u64 {
        1
    }
}
