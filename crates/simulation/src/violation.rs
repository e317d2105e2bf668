//! What a check finds.

use std::fmt;

/// What finds violations; shown as what it holds the run to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Of the run itself.
    Run,
    /// Of what customers were answered.
    Requests,
    /// Of the ends of orders.
    Settled,
    /// Of the stock.
    Stock,
    /// Of what cancelled orders give back.
    Released,
    /// Of the copies of products.
    Copies,
    /// Of decisions as they were published.
    Decisions,
    /// Of orders as they were published.
    Announced,
    /// Of the steps of orders as they were published.
    Steps,
    /// Of products as they were published.
    Versions,
    /// Of mails.
    Mails,
    /// Of what is set aside.
    DeadLetterAdmin,
    /// Of what each record did.
    Applied,
    /// Of runs without faults.
    PublishedOnce,
    /// Of a replay of everything.
    Replay,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "nothing panics, stops or takes too long",
            Self::Requests => "a request makes one order",
            Self::Settled => "an order is settled once, as it was decided",
            Self::Stock => "what was put in less what was promised is what is left",
            Self::Released => {
                "a cancelled order gives back what it was given, and no other one does"
            }
            Self::Copies => "copies are what their owner has",
            Self::Decisions => "an order has one decision, published as it is kept",
            Self::Announced => "an order is published under one id, as it is",
            Self::Steps => "each step of an order is published once, as it is",
            Self::Versions => "all states of a product are published, in order",
            Self::Mails => {
                "each event has its mail, and a deleted account's have no address and no text"
            }
            Self::DeadLetterAdmin => "what can't be read is set aside with what is behind it",
            Self::Applied => "a record is applied once",
            Self::PublishedOnce => "without a fault an event is published once",
            Self::Replay => "a replay changes nothing",
        })
    }
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What has found it.
    pub check: Check,
    /// What it is.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
