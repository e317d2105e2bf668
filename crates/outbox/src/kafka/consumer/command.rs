//! What the inbox tells the thread that owns the client.

use crate::checkpoint::{Claim, TopicPartition};

pub(super) enum Command {
    Begin(Vec<Claim>),
    Restart,
    Report(Vec<(TopicPartition, i64)>),
    Close,
}
