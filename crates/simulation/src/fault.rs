//! The kinds of faults.

use std::fmt;

/// A kind of fault that a run counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// A step failed, and nothing came of it.
    Error,
    /// A step failed as a conflict with somebody else's.
    Conflict,
    /// A step was taken, but its taker was told that it failed.
    LostReply,
    /// A process stood still, perhaps for longer than its lease and its session.
    Stall,
    /// A process crashed at a step.
    Crash,
    /// A process was killed at any of its await points.
    Kill,
    /// A process was stopped in good order and started again.
    Restart,
    /// A group's partitions were shared out anew.
    Rebalance,
    /// A member that stood still lost its partitions.
    Expel,
    /// A topic was replayed from its beginning.
    Replay,
    /// A message landed twice.
    Copy,
    /// Records were delivered late.
    Late,
    /// A read was answered with what was true before.
    Stale,
    /// An unreadable message was put into a topic.
    Garbage,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "errors",
            Self::Conflict => "conflicts",
            Self::LostReply => "lost replies",
            Self::Stall => "stalls",
            Self::Crash => "crashes at a step",
            Self::Kill => "kills at any await",
            Self::Restart => "restarts",
            Self::Rebalance => "rebalances",
            Self::Expel => "members expelled",
            Self::Replay => "replays from zero",
            Self::Copy => "messages doubled",
            Self::Late => "late deliveries",
            Self::Stale => "stale reads",
            Self::Garbage => "unreadable messages",
        })
    }
}
