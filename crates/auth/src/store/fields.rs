//! How values of the domain lie in a document.

use bson::spec::BinarySubtype;
use bson::{Binary, DateTime};
use events::AccountId;
use jiff::Timestamp;
use newtype_uuid::GenericUuid;
use outbox::StoreError;

pub(super) fn binary(bytes: &[u8]) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: bytes.to_vec(),
    }
}

pub(super) fn fixed<const N: usize>(binary: Binary, what: &str) -> Result<[u8; N], StoreError> {
    binary.bytes.try_into().map_err(|_| damaged(what))
}

pub(super) fn account_id(id: AccountId) -> bson::Uuid {
    bson::Uuid::from_bytes(id.into_untyped_uuid().into_bytes())
}

pub(super) fn read_account_id(id: bson::Uuid) -> AccountId {
    AccountId::from_untyped_uuid(uuid::Uuid::from_bytes(id.bytes()))
}

/// MongoDB keeps milliseconds; what is finer is cut off.
pub(super) fn time(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

pub(super) fn read_time(at: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(at.timestamp_millis()).map_err(StoreError::permanent)
}

/// A document that this service did not write like this.
pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::permanent(format!("a stored {what} can't be read"))
}
