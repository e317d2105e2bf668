//! Making collections.

use mongodb::error::{Error, ErrorKind};

use super::fault::fault;
use crate::error::StoreError;

/// That a collection is there already is no fault.
pub(super) fn unless_there(made: Result<(), Error>) -> Result<(), StoreError> {
    const NAMESPACE_EXISTS: i32 = 48;
    match made {
        Err(error) => match error.kind.as_ref() {
            ErrorKind::Command(c) if c.code == NAMESPACE_EXISTS => Ok(()),
            _ => Err(fault(error)),
        },
        Ok(()) => Ok(()),
    }
}
