//! What a driver's error means for the one who has to go on.

use mongodb::error::{Error, ErrorKind as Driver, WriteFailure};

use crate::error::{ErrorKind, StoreError};

/// Codes of the server that say: this statement or its data will never be taken.
/// `BadValue`, `FailedToParse`, `TypeMismatch`, `Overflow`, `InvalidLength`, `IllegalOperation`,
/// `InvalidBSON`, `PathNotViable`, `ConflictingUpdateOperators`, `DollarPrefixedFieldName`,
/// `InvalidIdField`, `NotSingleValueField`, `EmptyFieldName`, `DottedFieldName`, `ImmutableField`,
/// `InvalidOptions`, `InvalidNamespace`, `DocumentValidationFailure`, `CannotIndexParallelArrays`,
/// `ConversionFailure`, `OperationNotSupportedInTransaction`, `BSONObjectTooLarge`, and two numbers
/// without a name for documents that an update makes too large.
const PERMANENT: [i32; 24] = [
    2, 9, 14, 15, 16, 20, 22, 28, 40, 52, 53, 54, 56, 57, 66, 72, 73, 121, 171, 241, 263, 10_334,
    17_419, 17_420,
];

/// Codes that say: another writer was first. `WriteConflict`, `LockTimeout`,
/// `SnapshotUnavailable`, `NoSuchTransaction` (the server gave it up), and a duplicate key:
/// someone else wrote the row that was not there when we looked. So a handler looks before it
/// inserts, and only commands write to collections with a unique index besides their ids.
const CONFLICT: [i32; 6] = [112, 24, 246, 251, 11_000, 11_001];

/// Turns a driver's error into a [`StoreError`].
///
/// What is not known to be hopeless counts as transient: a wrong password or a full disk
/// is mended by an operator, and until then nothing may be given up.
pub(super) fn fault(error: Error) -> StoreError {
    match error.kind.as_ref() {
        Driver::Bson(bson) if !is_of_writing(bson) => StoreError::unreadable(error),
        _ => StoreError::new(classify(&error), error),
    }
}

/// Whether what was to be written has no form in BSON; any other error is of what was read.
fn is_of_writing(error: &bson::error::Error) -> bool {
    use bson::error::ErrorKind as Kind;
    matches!(
        error.kind,
        Kind::Serialization { .. } | Kind::TooLargeUnsignedInteger { .. }
    )
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

/// What the server says of one statement of a command by its `code`.
pub(super) fn of_statement(code: i32, text: String) -> StoreError {
    StoreError::new(of_code(code).unwrap_or(ErrorKind::Transient), text)
}

fn of_code(code: i32) -> Option<ErrorKind> {
    if PERMANENT.contains(&code) {
        return Some(ErrorKind::Permanent);
    }
    CONFLICT.contains(&code).then_some(ErrorKind::Conflict)
}

fn classify(error: &Error) -> ErrorKind {
    if let Some(kind) = code(error).and_then(of_code) {
        return kind;
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
