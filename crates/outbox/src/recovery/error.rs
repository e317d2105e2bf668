//! Why a service's own events can't be recovered.

use thiserror::Error;

use crate::error::{ErrorKind, StoreError};
use crate::kafka::TopicError;

/// Why a service's events could not be recovered.
#[derive(Debug, Error)]
pub enum RecoveryError {
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A topic can't be read.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// A published event does not fit what is there: a person has to look at it.
    #[error("the events that this service has published can't be recovered: {0}")]
    Impossible(String),
    /// The database has been replaced by an older one under the running service.
    #[error(
        "the database of {0} is older than it was: it was restored while the service ran. End \
         every instance and start again; it then first recovers what it has published"
    )]
    Replaced(String),
}

impl RecoveryError {
    /// Whether trying again can't help.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Store(fault) => fault.kind() == ErrorKind::Permanent,
            Self::Topic(_) => false,
            Self::Impossible(_) | Self::Replaced(_) => true,
        }
    }
}
