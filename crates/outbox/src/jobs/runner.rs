//! Takes jobs that are due and has them done.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::Attempts;
use super::metrics::RunnerMetrics;
use super::registry::{DuplicateJob, Jobs};
use super::settings::JobSettings;
use super::store::{Held, JobStore, TakenJob};
use crate::clock::Clock;

/// How often jobs are counted.
const MEASURE: Duration = Duration::from_secs(10);
/// How long a runner stays away from a database that is.
const AWAY: Duration = Duration::from_millis(200);

/// Has a service's jobs done. Several instances may run it: each job is leased to one of them.
pub struct JobRunner<D: JobStore> {
    attempts: Arc<Attempts<D>>,
}

/// What a runner has in hand.
struct Shift {
    running: JoinSet<()>,
    held: HashMap<Id, Held>,
    /// Taken, and not begun with.
    ready: VecDeque<TakenJob>,
    /// Until when the leases of these last, by our own clock, counted from before we asked.
    ready_until: Instant,
    /// When to look at the table.
    look: Instant,
    /// When to renew leases.
    renew: Instant,
}

impl<D: JobStore> JobRunner<D> {
    /// A runner of `jobs` on `database`.
    ///
    /// # Errors
    /// When a name is registered twice.
    pub fn new(
        database: D,
        jobs: Jobs<D>,
        clock: Arc<dyn Clock>,
        settings: JobSettings,
    ) -> Result<Self, DuplicateJob> {
        let jobs = jobs.checked()?;
        let metrics = RunnerMetrics::new(jobs.service(), jobs.names());
        let attempts = Attempts {
            database,
            jobs,
            clock,
            settings,
            metrics,
        };
        Ok(Self {
            attempts: Arc::new(attempts),
        })
    }

    /// Works until `stop`. What runs then is brought to its end, and what was not begun is given
    /// back.
    pub async fn run(self, stop: CancellationToken) {
        let working = async {
            let mut shift = self.begin();
            self.work(&mut shift, &stop).await;
            self.end(&mut shift).await;
        };
        tokio::join!(self.measure(&stop), working);
    }

    fn begin(&self) -> Shift {
        let now = Instant::now();
        Shift {
            running: JoinSet::new(),
            held: HashMap::new(),
            ready: VecDeque::new(),
            ready_until: now,
            look: now,
            renew: now + self.attempts.settings.lease / 3,
        }
    }

    async fn work(&self, shift: &mut Shift, stop: &CancellationToken) {
        let waker = self.attempts.database.job_waker();
        loop {
            self.start_ready(shift);
            let idle = shift.ready.is_empty();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(ended) = shift.running.join_next_with_id() => shift.ended(ended),
                () = tokio::time::sleep_until(shift.renew) => self.renew(shift).await,
                () = waker.woken(), if idle => self.look(shift).await,
                () = tokio::time::sleep_until(shift.look), if idle => self.look(shift).await,
            }
        }
    }

    /// Begins with as many jobs as may run at a time.
    fn start_ready(&self, shift: &mut Shift) {
        if shift.ready_until <= Instant::now() {
            // We stood still, and another instance may have them by now.
            shift.ready.clear();
        }
        while shift.running.len() < self.attempts.settings.concurrency.max(1)
            && let Some(taken) = shift.ready.pop_front()
        {
            let (attempts, held) = (Arc::clone(&self.attempts), taken.held.clone());
            let task = shift
                .running
                .spawn(async move { attempts.make(taken).await });
            shift.held.insert(task.id(), held);
        }
    }

    /// Takes what is due, and finds out when to look again.
    async fn look(&self, shift: &mut Shift) {
        let Attempts {
            database,
            jobs,
            clock,
            settings,
            ..
        } = self.attempts.as_ref();
        let asked = Instant::now();
        let limit = settings.concurrency.max(1);
        let taken = database.take(clock.uuid(), limit, settings.lease).await;
        match taken {
            Ok(taken) => {
                let next = taken.next.unwrap_or(settings.poll).min(settings.poll);
                // Less than a millisecond is nothing to a clock that counts them.
                shift.look = Instant::now() + next.max(Duration::from_millis(1));
                if !taken.jobs.is_empty() {
                    shift.look = Instant::now();
                }
                shift.ready = taken.jobs.into();
                shift.ready_until = asked + settings.lease;
            }
            Err(fault) => {
                tracing::warn!(service = jobs.service(), %fault, "jobs are not reached; trying on");
                shift.look = Instant::now() + AWAY;
            }
        }
    }

    /// Renews the leases of all that is in hand.
    async fn renew(&self, shift: &mut Shift) {
        let Attempts {
            database,
            jobs,
            settings,
            ..
        } = self.attempts.as_ref();
        let asked = Instant::now();
        shift.renew = asked + settings.lease / 3;
        let ready = shift.ready.iter().map(|taken| &taken.held);
        let held: Vec<Held> = shift.held.values().chain(ready).cloned().collect();
        if held.is_empty() {
            return;
        }
        match database.renew(&held, settings.lease).await {
            Ok(()) => shift.ready_until = asked + settings.lease,
            Err(fault) => {
                tracing::debug!(service = jobs.service(), %fault, "leases of jobs are not renewed");
                shift.renew = Instant::now() + AWAY.min(settings.lease / 10);
            }
        }
    }

    async fn end(&self, shift: &mut Shift) {
        let not_begun: Vec<Held> = shift.ready.drain(..).map(|taken| taken.held).collect();
        if !not_begun.is_empty()
            && let Err(fault) = self.attempts.database.give_back(&not_begun).await
        {
            tracing::debug!(service = self.attempts.jobs.service(), %fault, "their leases run out");
        }
        while !shift.running.is_empty() {
            tokio::select! {
                biased;
                Some(ended) = shift.running.join_next_with_id() => shift.ended(ended),
                () = tokio::time::sleep_until(shift.renew) => self.renew(shift).await,
            }
        }
    }

    async fn measure(&self, stop: &CancellationToken) {
        loop {
            match stop
                .run_until_cancelled(self.attempts.database.job_counts())
                .await
            {
                Some(Ok(counts)) => self.attempts.metrics.there_are(&counts),
                Some(Err(fault)) => tracing::debug!(%fault, "jobs are not counted"),
                None => return,
            }
            if tokio::time::timeout(MEASURE, stop.cancelled())
                .await
                .is_ok()
            {
                return;
            }
        }
    }
}

impl Shift {
    fn ended(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            // The job's own panics are caught: this one is of the store or the runner.
            Err(fault) => {
                tracing::error!(%fault, "an attempt at a job broke off; its lease runs out");
                fault.id()
            }
        };
        self.held.remove(&id);
    }
}
