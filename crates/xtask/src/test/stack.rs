//! The one Kafka and the one MongoDB that all test processes of a run share.

use std::process::Command;
use std::sync::Arc;

use devstack::{DevStack, KAFKA_BROKERS_ENV, Lines, MONGODB_URI_ENV, Options};

/// A stack for the time of a step. It ends with this process in any case.
pub(crate) struct SharedStack(DevStack);

/// Starts a temporary stack, or takes the addresses that the environment gives.
pub(crate) fn start() -> anyhow::Result<SharedStack> {
    let mut options = Options::new("");
    options.test_commands = true;
    options.progress = Arc::new(Lines);
    Ok(SharedStack(DevStack::start_temporary_blocking(options)?))
}

impl SharedStack {
    /// Gives its addresses to the command.
    pub(crate) fn announce_to(&self, command: &mut Command) {
        command
            .env(KAFKA_BROKERS_ENV, self.0.kafka_brokers())
            .env(MONGODB_URI_ENV, self.0.mongodb_uri());
    }

    pub(crate) fn end(self) {
        self.0.shutdown_blocking();
    }
}
