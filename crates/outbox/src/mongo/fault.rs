//! What a driver's error means for the one who has to go on.

use mongodb::error::{Error, ErrorKind as Driver, WriteFailure};

use crate::error::{ErrorKind, StoreError};

/// Codes of the server that say: this data will never be taken.
/// `BadValue`, `FailedToParse`, `TypeMismatch`, `Overflow`, `InvalidBSON`,
/// `DocumentValidationFailure`, `BSONObjectTooLarge`.
const PERMANENT: [i32; 7] = [2, 9, 14, 15, 22, 121, 10_334];

/// Codes that say: another writer was first. `WriteConflict`, `LockTimeout`,
/// `SnapshotUnavailable`, `NoSuchTransaction` (the server gave it up), and a duplicate key:
/// someone else wrote the row that was not there when we looked.
const CONFLICT: [i32; 6] = [112, 24, 246, 251, 11_000, 11_001];

/// Turns a driver's error into a [`StoreError`].
///
/// What is not known to be hopeless counts as transient: a wrong password or a full disk
/// is mended by an operator, and until then nothing may be given up.
pub(super) fn fault(error: Error) -> StoreError {
    StoreError::new(classify(&error), error)
}

/// That a collection is there already is no fault.
pub(super) fn unless_there(made: Result<(), Error>) -> Result<(), StoreError> {
    const NAMESPACE_EXISTS: i32 = 48;
    match made {
        Err(error) => match error.kind.as_ref() {
            Driver::Command(c) if c.code == NAMESPACE_EXISTS => Ok(()),
            _ => Err(fault(error)),
        },
        Ok(()) => Ok(()),
    }
}

fn classify(error: &Error) -> ErrorKind {
    if let Some(code) = code(error) {
        if PERMANENT.contains(&code) {
            return ErrorKind::Permanent;
        }
        if CONFLICT.contains(&code) {
            return ErrorKind::Conflict;
        }
    }
    match error.kind.as_ref() {
        Driver::Bson(_) | Driver::InvalidArgument { .. } => ErrorKind::Permanent,
        _ => ErrorKind::Transient,
    }
}

fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        Driver::Command(command) => Some(command.code),
        Driver::Write(WriteFailure::WriteError(write)) => Some(write.code),
        Driver::InsertMany(many) => many
            .write_errors
            .as_ref()
            .and_then(|all| all.first())
            .map(|first| first.code),
        _ => None,
    }
}
