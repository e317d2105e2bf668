//! What a customer has in the shop to pay with.

use events::{AccountId, Money};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A customer's balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Whose it is.
    pub account_id: AccountId,
    /// What there is, never below zero.
    pub amount: Money,
    /// Rises by one with each change; 0 of one that never was.
    pub version: u64,
}

/// A change by an admin that can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidGrant {
    /// There is less than is to be taken away.
    #[error("the balance is {0}; no more than that can be taken away")]
    TooLittle(Money),
    /// More than can be counted.
    #[error("the balance would be too large to be counted")]
    TooMuch,
}

impl Balance {
    /// The balance of an account that never had one.
    pub fn none(account_id: AccountId) -> Self {
        Self {
            account_id,
            amount: Money::zero(events::money::DEFAULT_CURRENCY),
            version: 0,
        }
    }

    /// What it has to pay `wanted`: all of it, or nothing when there is too little, or another currency.
    pub fn pays(&self, wanted: Money) -> bool {
        self.amount.currency == wanted.currency && self.amount.minor >= wanted.minor
    }

    /// Moves `minor` into it, out of it when below zero.
    pub fn add(&mut self, minor: i64) -> Result<(), InvalidGrant> {
        let sum = self.amount.minor.checked_add(minor);
        let sum = sum.ok_or(InvalidGrant::TooMuch)?;
        if sum < 0 {
            return Err(InvalidGrant::TooLittle(self.amount));
        }
        self.amount.minor = sum;
        self.version += 1;
        Ok(())
    }
}
