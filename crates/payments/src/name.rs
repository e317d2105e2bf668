//! The service's name.

/// Its consumer group, the source of its events, its database unless told otherwise.
pub(crate) const NAME: &str = "payments";
