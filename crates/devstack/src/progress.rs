//! What is going on, for whoever waits.

use std::time::{Duration, Instant};

/// Is told about every step that can take longer than two seconds. Called from several threads.
pub trait Progress: Send + Sync {
    /// A step begins. `what` reads like "starting Kafka".
    fn started(&self, what: &str);
    /// The step which began with the same text has ended well.
    fn finished(&self, what: &str, took: Duration);
    /// Something worth knowing which is not a step.
    fn note(&self, text: &str);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn started(&self, _what: &str) {}
    fn finished(&self, _what: &str, _took: Duration) {}
    fn note(&self, _text: &str) {}
}

/// One line on standard error for each step and note.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lines;

impl Progress for Lines {
    fn started(&self, what: &str) {
        eprintln!("devstack: {what} ...");
    }
    fn finished(&self, what: &str, took: Duration) {
        eprintln!("devstack: {what}: done in {:.1} s", took.as_secs_f64());
    }
    fn note(&self, text: &str) {
        eprintln!("devstack: {text}");
    }
}

/// Runs `work` as a step of `progress`; a failed step is not reported as finished.
pub(crate) fn step<T, E>(
    progress: &dyn Progress,
    what: &str,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let begin = Instant::now();
    progress.started(what);
    let done = work()?;
    progress.finished(what, begin.elapsed());
    Ok(done)
}
