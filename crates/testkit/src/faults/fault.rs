//! What can go wrong with a command.

use std::fmt;
use std::time::Duration;

use bson::{Document, doc};

/// What happens to one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server answers with this code and the labels that it gives it, having done nothing.
    Refused(i32),
    /// The server closes the connection, having done nothing.
    Closed,
    /// The server does it, and says with this code that it can't tell whether it will last.
    Unsure(i32),
    /// The server does it; the connection is cut before the answer.
    Unheard,
    /// The server does it; the answer comes so much later.
    Late(Duration),
    /// The server does it; no answer ever comes, and the connection stays open.
    Silent,
}

/// `WriteConflict`, `NoSuchTransaction`, `NotWritablePrimary`, `InterruptedDueToReplStateChange`,
/// `PrimarySteppedDown`, `ShutdownInProgress`, `LockTimeout`, `ExceededTimeLimit`.
const CODES: [(i32, &str); 8] = [
    (112, "a write conflict"),
    (251, "no such transaction"),
    (10_107, "not the primary"),
    (11_602, "a change of the primary"),
    (189, "a primary that stepped down"),
    (91, "a shutdown"),
    (24, "a lock not had in time"),
    (262, "a time limit"),
];

impl Fault {
    /// What the server's `failCommand` is to be told; nothing for what a network does.
    pub(super) fn data(self) -> Option<Document> {
        match self {
            Self::Refused(code) => Some(doc! { "errorCode": code }),
            Self::Closed => Some(doc! { "closeConnection": true }),
            Self::Unsure(code) => Some(doc! {
                "writeConcernError": { "code": code, "errmsg": "no majority in time" },
            }),
            Self::Unheard | Self::Late(_) | Self::Silent => None,
        }
    }

    /// Every trouble that `command` may have inside a transaction.
    pub fn of(command: &str) -> Vec<Trouble> {
        let once = |fault| Trouble { fault, times: 1 };
        let mut all: Vec<Trouble> = CODES.map(|(code, _)| once(Self::Refused(code))).into();
        all.extend([once(Self::Closed), once(Self::Unheard)]);
        if command == "commitTransaction" {
            let late = Self::Late(Duration::from_millis(200));
            // 64 is WriteConcernFailed.
            all.extend([once(late), once(Self::Unsure(64)), once(Self::Unsure(91))]);
            // More often than the driver and the commit's own repetition ask again, so that the
            // whole work runs again upon its own effects.
            let often = |fault, times| Trouble { fault, times };
            all.extend([often(Self::Unheard, 3), often(Self::Unsure(64), 11)]);
        }
        all
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => {
                let known = CODES.iter().find(|(known, _)| known == code);
                let name = known.map_or("an error", |(_, name)| name);
                write!(f, "{name} ({code})")
            }
            Self::Closed => f.write_str("a closed connection"),
            Self::Unsure(code) => write!(f, "an unknown outcome ({code})"),
            Self::Unheard => f.write_str("a lost answer"),
            Self::Late(by) => write!(f, "an answer {by:?} late"),
            Self::Silent => f.write_str("no answer"),
        }
    }
}

/// A fault, and how many commands of the name meet it, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// What happens.
    pub fault: Fault,
    /// How often.
    pub times: u32,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self { fault, times: 1 }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.times {
            1 => self.fault.fmt(f),
            times => write!(f, "{} {times} times", self.fault),
        }
    }
}
