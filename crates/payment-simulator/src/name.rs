//! The service's name.

/// Its consumer group and its database unless told otherwise.
pub(crate) const NAME: &str = "payment-simulator";
