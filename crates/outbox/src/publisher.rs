//! The port to a broker, outbound.

use thiserror::Error;

use crate::message::Message;

/// A broker that takes messages.
pub trait Publisher: Send + Sync + 'static {
    /// Publishes `messages` so that those of one topic and key arrive in this order.
    ///
    /// Comes back when the broker holds all of them durably. After a fault any of them may
    /// or may not have been taken; the caller publishes the same ones again.
    fn publish(
        &self,
        messages: &[Message],
    ) -> impl Future<Output = Result<(), PublishError>> + Send;
}

/// The broker did not confirm every message.
#[derive(Debug, Clone, Error)]
#[error("{topic}: {reason}")]
pub struct PublishError {
    /// The topic of the first message that failed.
    pub topic: String,
    /// The broker's reason.
    pub reason: String,
}
