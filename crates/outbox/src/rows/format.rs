//! How ids, times and bytes lie in a document: for `#[serde(with = "…")]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id as BSON's UUID. With `option` for what may be absent.
pub mod as_uuid {
    use newtype_uuid::GenericUuid;

    use super::{Deserialize, Deserializer, Serialize, Serializer};

    /// The id as it stands in a query.
    pub fn of(id: impl GenericUuid) -> bson::Uuid {
        bson::Uuid::from_bytes(id.into_untyped_uuid().into_bytes())
    }

    fn read<T: GenericUuid>(id: bson::Uuid) -> T {
        T::from_untyped_uuid(uuid::Uuid::from_bytes(id.bytes()))
    }

    /// Writes an id.
    pub fn serialize<S: Serializer>(id: &impl GenericUuid, to: S) -> Result<S::Ok, S::Error> {
        bson::Uuid::from_bytes(id.as_untyped_uuid().into_bytes()).serialize(to)
    }

    /// Reads an id.
    pub fn deserialize<'de, D: Deserializer<'de>, T: GenericUuid>(from: D) -> Result<T, D::Error> {
        bson::Uuid::deserialize(from).map(read)
    }

    /// An id that may be absent: `default, skip_serializing_if = "Option::is_none"` beside it.
    pub mod option {
        use super::{Deserialize, Deserializer, GenericUuid, Serialize, Serializer, read};

        /// Writes an id.
        pub fn serialize<S: Serializer>(
            id: &Option<impl GenericUuid>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            let id = id.as_ref().map(|id| super::of(*id.as_untyped_uuid()));
            id.serialize(to)
        }

        /// Reads an id.
        pub fn deserialize<'de, D: Deserializer<'de>, T: GenericUuid>(
            from: D,
        ) -> Result<Option<T>, D::Error> {
            Ok(Option::<bson::Uuid>::deserialize(from)?.map(read))
        }
    }
}

/// A time as BSON's date, in milliseconds; what is finer is cut off.
pub mod as_time {
    use jiff::Timestamp;
    use serde::de::Error;

    use super::{Deserialize, Deserializer, Serialize, Serializer};

    /// The time as it stands in a query.
    pub fn of(at: Timestamp) -> bson::DateTime {
        bson::DateTime::from_millis(at.as_millisecond())
    }

    fn read<E: Error>(at: bson::DateTime) -> Result<Timestamp, E> {
        Timestamp::from_millisecond(at.timestamp_millis()).map_err(E::custom)
    }

    /// Writes a time.
    pub fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        of(*at).serialize(to)
    }

    /// Reads a time.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        read(bson::DateTime::deserialize(from)?)
    }

    /// A time that may be absent: `default, skip_serializing_if = "Option::is_none"` beside it.
    pub mod option {
        use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp, read};

        /// Writes a time.
        pub fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
            at.map(super::of).serialize(to)
        }

        /// Reads a time.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            Option::<bson::DateTime>::deserialize(from)?
                .map(read)
                .transpose()
        }
    }
}

/// Bytes as BSON's binary.
pub mod as_bytes {
    use bson::Binary;
    use bson::spec::BinarySubtype;
    use serde::de::Error;

    use super::{Deserialize, Deserializer, Serialize, Serializer};

    /// The bytes as they stand in a query.
    pub fn of(bytes: &[u8]) -> Binary {
        Binary {
            subtype: BinarySubtype::Generic,
            bytes: bytes.to_vec(),
        }
    }

    /// Writes bytes.
    pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, to: S) -> Result<S::Ok, S::Error> {
        of(bytes.as_ref()).serialize(to)
    }

    /// Reads bytes, of the right number if it is fixed.
    pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(
        from: D,
    ) -> Result<T, D::Error> {
        let bytes = Binary::deserialize(from)?.bytes;
        let length = bytes.len();
        T::try_from(bytes).map_err(|_| D::Error::custom(format!("{length} bytes do not fit")))
    }
}
