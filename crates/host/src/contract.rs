//! What a service publishes and consumes, as it follows from what it registers.

use events::topics;
use outbox::Event;
use outbox::kafka::TopicSpec;
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// The service, which is also its consumer group.
    pub service: &'static str,
    /// What it publishes.
    pub publishes: Vec<Stream>,
    /// What it consumes, each with what it does about it in a few words.
    pub subscribes: Vec<(Stream, &'static str)>,
    /// The names of its jobs.
    pub jobs: Vec<&'static str>,
}

impl Contract {
    /// The topics that the service needs: those that it writes and reads, and for each that
    /// it reads one for its dead letters.
    pub fn topics(&self) -> Vec<TopicSpec> {
        let writes = |name| self.publishes.iter().any(|stream| stream.topic == name);
        let reads = |name| {
            self.subscribes
                .iter()
                .any(|(stream, _)| stream.topic == name)
        };
        let mut specs = Vec::new();
        for topic in topics::ALL {
            if writes(topic.name) || reads(topic.name) {
                specs.push(topic.spec());
            }
            if reads(topic.name) {
                specs.push(TopicSpec::dead_letters(
                    topic.name,
                    self.service,
                    topic.partitions,
                ));
            }
        }
        specs
    }
}
