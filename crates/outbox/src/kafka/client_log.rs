//! librdkafka's log, without its repetitions.
//!
//! While brokers are away it reports that several times a second and client. One line in ten
//! seconds tells an operator the same; all of them are there at the level `debug`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

const QUIET: Duration = Duration::from_secs(10);

/// Writes a client's reports to the log.
#[derive(Default)]
pub(super) struct ClientLog {
    said: Mutex<Option<Instant>>,
    heard: Mutex<Option<String>>,
}

impl ClientLog {
    pub(super) fn line(level: RDKafkaLogLevel, facility: &str, text: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, "{text}");
    }

    pub(super) fn fault(&self, error: &KafkaError, reason: &str) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // It follows whatever was wrong with the last of them, and says less.
        let follows = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if heard.is_none() || !follows {
            *heard = Some(reason.to_owned());
        }
        drop(heard);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() > QUIET) {
            *said = Some(Instant::now());
            tracing::warn!(target: "librdkafka", %error, reason, "Kafka is out of reach or changing");
        } else {
            tracing::debug!(target: "librdkafka", %error, reason, "again");
        }
    }
}

/// For clients that have nothing else to be called back for.
#[derive(Default)]
pub(super) struct Plain(ClientLog);

impl Plain {
    /// What was reported last, for whoever wants to know why there is no answer.
    pub(super) fn heard(&self) -> Option<String> {
        let heard = self.0.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Plain {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        ClientLog::line(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.fault(&error, reason);
    }
}
