//! What is being done, while it takes its time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The steps of a start: one line each, a spinner for the one under way.
#[derive(Default)]
pub(crate) struct Steps {
    current: Mutex<Option<(String, ProgressBar)>>,
}

/// A step under way.
pub(crate) struct Step<'a> {
    steps: &'a Steps,
    what: &'static str,
    began: Instant,
}

impl Steps {
    /// Begins a step, said as "starting the services".
    pub(crate) fn begin(&self, what: &'static str) -> Step<'_> {
        self.show(what);
        Step {
            steps: self,
            what,
            began: Instant::now(),
        }
    }

    /// Takes away what is still shown.
    pub(crate) fn finish(&self) {
        if let Some((_, bar)) = self.lock().take() {
            bar.finish_and_clear();
        }
    }

    fn show(&self, what: &str) {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        if let Some((_, earlier)) = self.lock().replace((what.to_owned(), bar)) {
            earlier.finish_and_clear();
        }
    }

    fn tick_off(&self, what: &str, took: Duration) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|(shown, _)| shown == what)
            && let Some((_, bar)) = current.take()
        {
            bar.finish_and_clear();
        }
        eprintln!("  done: {what} ({:.1} s)", took.as_secs_f64());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(String, ProgressBar)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step<'_> {
    /// It is done.
    pub(crate) fn done(self) {
        self.steps.tick_off(self.what, self.began.elapsed());
    }
}

impl devstack::Progress for Steps {
    fn started(&self, what: &str) {
        self.show(what);
    }

    fn finished(&self, what: &str, took: Duration) {
        self.tick_off(what, took);
    }

    fn note(&self, what: &str) {
        eprintln!("  {what}");
    }
}
