//! How a process ends: a soft signal, a grace period, a hard signal.
//!
//! Soft means: take nothing new, finish what is begun. Hard means: leave now. A [`Lifecycle`] owns
//! the process's long tasks; one that fails or panics ends the process, because a service whose
//! relay or inbox is gone looks well and does nothing.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a task may still run after the hard signal before it is dropped.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The two signals, cheap to clone and hand around.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// Cancelled when nothing new may be begun.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when the grace period is over.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }
}

/// The task that ended the process, and why.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{task} ended: {reason}")]
pub struct TaskFailed {
    /// The name given to [`Lifecycle::spawn`].
    pub task: String,
    /// The error with its causes, or the panic's text.
    pub reason: String,
}

/// Owns a process's long tasks and its end; clones share both.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    shutdown: Shutdown,
    tasks: TaskTracker,
    failure: Arc<Mutex<Option<TaskFailed>>>,
    grace: Duration,
}

impl Lifecycle {
    /// A lifecycle whose tasks get `grace` between the soft and the hard signal.
    pub fn new(grace: Duration) -> Self {
        Self {
            shutdown: Shutdown::default(),
            tasks: TaskTracker::new(),
            failure: Arc::default(),
            grace,
        }
    }

    /// The signals, for whoever has to obey them.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Gives the soft signal. The hard one follows from [`join`](Self::join).
    pub fn trigger(&self) {
        self.shutdown.soft.cancel();
    }

    /// Gives the soft signal on the first SIGTERM or SIGINT and the hard one on the second.
    ///
    /// # Errors
    ///
    /// The operating system's, when no signal handler can be installed.
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.shutdown();
        // Not tracked: it waits for signals until the process is gone.
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! { _ = term.recv() => {}, _ = interrupt.recv() => {} }
            };
            next().await;
            tracing::info!("stopping; a second signal stops at once");
            shutdown.soft.cancel();
            next().await;
            tracing::warn!("stopping at once");
            shutdown.hard.cancel();
        });
        Ok(())
    }

    /// Runs `task` until it ends or until shortly after the hard signal.
    ///
    /// An error or a panic gives the soft signal and is what [`join`](Self::join) returns. Ending
    /// with `Ok` is fine at any time.
    pub fn spawn<F, E>(&self, name: impl Into<String>, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let (lifecycle, name) = (self.clone(), name.into());
        self.tasks.spawn(async move {
            let task = AssertUnwindSafe(task).catch_unwind();
            let outcome = tokio::select! {
                outcome = task => outcome,
                () = lifecycle.overdue() => {
                    tracing::warn!(task = name, "cut off at the end of the grace period");
                    return;
                }
            };
            match outcome {
                Ok(Ok(())) => tracing::debug!(task = name, "ended"),
                Ok(Err(error)) => lifecycle.fail(name, with_causes(error.into().as_ref())),
                Err(panic) => lifecycle.fail(name, panic_text(panic.as_ref())),
            }
        });
    }

    /// Waits until every task has ended, with the hard signal `grace` after the soft one.
    ///
    /// # Errors
    ///
    /// The first task that failed.
    pub async fn join(&self) -> Result<(), TaskFailed> {
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = self.grace_over() => {
                self.shutdown.hard.cancel();
                self.tasks.wait().await;
            }
        }
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone().map_or(Ok(()), Err)
    }

    async fn grace_over(&self) {
        self.shutdown.soft.cancelled().await;
        tokio::select! {
            () = tokio::time::sleep(self.grace) => {}
            () = self.shutdown.hard.cancelled() => {}
        }
    }

    async fn overdue(&self) {
        self.shutdown.hard.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    }

    fn fail(&self, task: String, reason: String) {
        tracing::error!(task, reason, "a task failed; stopping");
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(TaskFailed { task, reason });
        self.trigger();
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The text that a panic was raised with.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}
