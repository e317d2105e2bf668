//! What a stack shall be like.

use std::path::PathBuf;
use std::sync::Arc;

use crate::{Environment, Progress, Silent};

/// What Kafka's JVM is tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// 256 MB heap and the quick compiler only: small and up in a second. For tests and demos.
    #[default]
    Light,
    /// 512 MB heap and the optimizing compiler. For load.
    Throughput,
}

/// An address of Kafka for clients that come through a proxy. A Kafka client uses the address that
/// it was given for its first question only; after that it goes where the broker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// The port on 127.0.0.1 that Kafka listens on. Choose a free one; the start fails otherwise.
    pub port: u16,
    /// The port on 127.0.0.1 that clients are told to use.
    pub advertised: u16,
}

/// What a stack shall be like.
#[derive(Clone)]
pub struct Options {
    /// Where data, logs and configuration live. Created if missing.
    pub data_dir: PathBuf,
    /// What Kafka's JVM is tuned for.
    pub profile: Profile,
    /// Remove the data of earlier runs first.
    pub fresh: bool,
    /// Let mongod accept `configureFailPoint` (`failCommand`), for tests of faults.
    pub test_commands: bool,
    /// Further addresses that Kafka listens on, each with what it tells clients that come there.
    pub kafka_listeners: Vec<Listener>,
    /// mongod's cache in MB (its own minimum is 256).
    pub mongod_cache_mb: u32,
    /// Upper limit of mongod's oplog in MB; it grows as it is written.
    pub oplog_mb: u32,
    /// What is told about the steps.
    pub progress: Arc<dyn Progress>,
    /// Where programs and addresses are looked for.
    pub environment: Environment,
}

impl Options {
    /// Light profile, data kept, no test commands, 512 MB for mongod's cache and oplog each, no
    /// progress shown, this process's environment.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            profile: Profile::Light,
            fresh: false,
            test_commands: false,
            kafka_listeners: Vec::new(),
            mongod_cache_mb: 512,
            oplog_mb: 512,
            progress: Arc::new(Silent),
            environment: Environment::from_process(),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("data_dir", &self.data_dir)
            .field("profile", &self.profile)
            .field("fresh", &self.fresh)
            .field("test_commands", &self.test_commands)
            .finish_non_exhaustive()
    }
}
