/// The service's name: its consumer group, and the source of its events.
pub(crate) const NAME: &str = "orders";
