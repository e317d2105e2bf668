//! What everybody in a run shares: chance, time, and the record of what happened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use controls::Broken;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::control::Control;
use crate::fault::Fault;
use crate::name::Name;
use crate::plan::Plan;
use crate::violation::{Check, Violation};

/// What everybody in a run shares.
pub(crate) struct World {
    pub(crate) chance: Arc<Chance>,
    pub(crate) plan: Plan,
    /// The rule that its adapters break.
    pub(crate) control: Option<Control>,
    pub(crate) began: Instant,
    /// Where a process that is to crash at a step says so.
    pub(crate) crashes: mpsc::UnboundedSender<Name>,
    /// Ends with the faults.
    pub(crate) storm: CancellationToken,
    record: Mutex<Record>,
}

struct Record {
    hash: u64,
    faults: BTreeMap<Fault, u64>,
    violations: Vec<Violation>,
    story: Option<String>,
}

/// What is left of a run when it is over.
pub(crate) struct Left {
    pub(crate) hash: u64,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) story: String,
}

impl World {
    pub(crate) fn new(
        chance: Arc<Chance>,
        plan: Plan,
        control: Option<Control>,
        crashes: mpsc::UnboundedSender<Name>,
        tell: bool,
    ) -> Self {
        let record = Record {
            hash: 0xcbf2_9ce4_8422_2325,
            faults: BTreeMap::new(),
            violations: Vec::new(),
            story: tell.then(String::new),
        };
        Self {
            chance,
            plan,
            control,
            began: Instant::now(),
            crashes,
            storm: CancellationToken::new(),
            record: Mutex::new(record),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the faults are over.
    pub(crate) fn is_calm(&self) -> bool {
        self.storm.is_cancelled()
    }

    pub(crate) fn calm_down(&self) {
        self.storm.cancel();
        self.tell(|| "the faults end".to_owned());
    }

    /// Mixes `word` and the time into what tells one run from another.
    pub(crate) fn mark(&self, word: u64) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut record = self.record();
        for part in [now, word] {
            record.hash = (record.hash ^ part)
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(29);
        }
    }

    /// Counts a fault.
    pub(crate) fn count(&self, fault: Fault) {
        *self.record().faults.entry(fault).or_default() += 1;
    }

    /// Adds a line to the story, when somebody wants to hear it.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        let now = self.began.elapsed();
        let mut record = self.record();
        if let Some(story) = &mut record.story {
            let _ = writeln!(story, "{:>10.3}  {}", now.as_secs_f64(), line());
        }
    }

    /// The run itself does not go as it must.
    pub(crate) fn violate(&self, what: String) {
        self.found(Check::Run, what);
    }

    /// `check` has found that something is not as it must be.
    pub(crate) fn found(&self, check: Check, what: String) {
        self.tell(|| format!("VIOLATION: {what}"));
        self.record().violations.push(Violation { check, what });
    }

    /// `right`, or what breaks a rule in its place.
    pub(crate) fn adapter<D>(&self, right: D) -> Broken<D> {
        Broken::new(right, self.control.map(|control| control.rule))
    }

    pub(crate) fn left(&self) -> Left {
        let mut record = self.record();
        Left {
            hash: record.hash,
            faults: std::mem::take(&mut record.faults),
            violations: std::mem::take(&mut record.violations),
            story: record.story.take().unwrap_or_default(),
        }
    }
}
