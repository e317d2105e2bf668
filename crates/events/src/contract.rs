//! What a service says and hears, declared once and read by `quadrille choreography`.

use outbox::Event;
use serde::Serialize;

/// An event type on a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Stream {
    /// The event's type.
    pub event: &'static str,
    /// The topic it travels on.
    pub topic: &'static str,
}

impl Stream {
    /// The stream of events of type `E`.
    pub const fn of<E: Event>() -> Self {
        Self {
            event: E::TYPE,
            topic: E::TOPIC,
        }
    }
}

/// The whole of a service's part in the choreography.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// The service, which is also its consumer group.
    pub service: &'static str,
    /// What it publishes.
    pub publishes: &'static [Stream],
    /// What it listens to, each with what it does about it in a few words.
    pub subscribes: &'static [(Stream, &'static str)],
}
