//! How a runner works.

use std::time::Duration;

use super::change::SOON;

/// How a runner works.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// The most jobs that are done at a time; as many more may be held ready.
    pub concurrency: usize,
    /// How often to look at the table at least: for what other instances have scheduled.
    pub poll: Duration,
    /// How long a lease holds without being renewed, and so how long a job waits whose
    /// instance was killed.
    pub lease: Duration,
    /// The longest that one attempt may take.
    pub timeout: Duration,
    /// The pause after the first attempt that failed; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How many attempts are made before a job is set aside.
    pub max_attempts: u32,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            poll: SOON,
            lease: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_hours(1),
            // Over some nine hours.
            max_attempts: 20,
        }
    }
}
