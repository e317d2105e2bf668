use outbox::StoreError;
use thiserror::Error;

use crate::domain::Refusal;

/// Why a command was not carried out. Nothing has changed then.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The catalogue's rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
