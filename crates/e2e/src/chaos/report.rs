//! What a run was and what it showed, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::fault::Kind;

/// What is known about the faults of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct KindReport {
    /// The kind's name.
    pub fault: &'static str,
    /// How many happened.
    pub count: usize,
    /// Seconds from its end until an order that was placed then was settled, other faults included;
    /// half of them took no longer.
    pub recovered_p50_s: Option<f64>,
    /// The same for 99 in 100.
    pub recovered_p99_s: Option<f64>,
    /// The longest.
    pub recovered_max_s: Option<f64>,
}

/// What a run showed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// What the faults were drawn from.
    pub seed: u64,
    /// For how long faults were made, in seconds.
    pub seconds: f64,
    /// Whether it was ended before its time; then nothing was checked.
    pub interrupted: bool,
    /// The faults by kind.
    pub faults: Vec<KindReport>,
    /// How many could not be made, because what they would have hit was broken already.
    pub not_made: usize,
    /// The most that lasted at the same time.
    pub most_at_once: usize,
    /// Orders that customers were promised.
    pub acknowledged: usize,
    /// Of the orders in the databases, accepted, and not to be paid for.
    pub accepted: u64,
    /// Of these, paid for.
    pub paid: u64,
    /// Of these, rejected.
    pub rejected: u64,
    /// Of these, cancelled.
    pub cancelled: u64,
    /// Orders that were refused at once, as too little was there.
    pub refused: u64,
    /// Requests that were made again under the same key.
    pub retried: u64,
    /// What these were answered with.
    pub retried_after: BTreeMap<String, u64>,
    /// Records that were handled again in the end, from the beginning of each topic.
    pub replayed: i64,
    /// How many things happened that must not.
    pub violations: usize,
    /// The first of these, each in a sentence that names it.
    pub named: Vec<String>,
    /// Where data and logs are, if they were kept.
    pub kept: Option<PathBuf>,
}

/// The faults that happened, as they are made.
#[derive(Debug, Default)]
pub(super) struct FaultLog {
    recovered: BTreeMap<Kind, Vec<Duration>>,
    pub(super) made: BTreeMap<Kind, usize>,
    pub(super) not_made: usize,
    pub(super) at_once: usize,
    pub(super) most_at_once: usize,
}

impl FaultLog {
    pub(super) fn recovered(&mut self, kind: Kind, after: Duration) {
        self.recovered.entry(kind).or_default().push(after);
    }

    pub(super) fn total(&self) -> usize {
        self.made.values().sum()
    }

    pub(super) fn kinds(&self) -> Vec<KindReport> {
        let report = |kind: &Kind| {
            let mut times = self.recovered.get(kind).cloned().unwrap_or_default();
            times.sort_unstable();
            let at = |percent: usize| {
                let rank = (times.len() * percent).div_ceil(100).max(1);
                times.get(rank - 1).map(Duration::as_secs_f64)
            };
            KindReport {
                fault: kind.name(),
                count: self.made.get(kind).copied().unwrap_or_default(),
                recovered_p50_s: at(50),
                recovered_p99_s: at(99),
                recovered_max_s: at(100),
            }
        };
        Kind::ALL.iter().map(report).collect()
    }
}

impl Report {
    /// Whether everything was checked and nothing was wrong.
    pub fn clean(&self) -> bool {
        self.violations == 0 && !self.interrupted
    }

    /// How many faults happened of `kind`.
    pub fn count(&self, kind: Kind) -> usize {
        let found = self.faults.iter().find(|row| row.fault == kind.name());
        found.map_or(0, |row| row.count)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["faults", "count", "recovered p50", "p99", "max"];
        let [fault, count, p50, p99, max] = head;
        writeln!(f, "{fault:<28}{count:>7}{p50:>15}{p99:>9}{max:>9}")?;
        let shown = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |s| format!("{s:.1} s"));
        for row in &self.faults {
            let (p50, p99) = (shown(row.recovered_p50_s), shown(row.recovered_p99_s));
            let max = shown(row.recovered_max_s);
            writeln!(
                f,
                "{:<28}{:>7}{p50:>15}{p99:>9}{max:>9}",
                row.fault, row.count
            )?;
        }
        let all: usize = self.faults.iter().map(|row| row.count).sum();
        writeln!(f, "{:<28}{all:>7}\n", "all")?;
        for (what, value) in [
            ("seed", self.seed.to_string()),
            ("faults for", format!("{:.0} s", self.seconds)),
            ("most at once", self.most_at_once.to_string()),
            ("orders acknowledged", self.acknowledged.to_string()),
            ("  settled: accepted", self.accepted.to_string()),
            ("  settled: paid", self.paid.to_string()),
            ("  settled: rejected", self.rejected.to_string()),
            ("  cancelled", self.cancelled.to_string()),
            ("orders refused at once", self.refused.to_string()),
            ("requests made again", self.retried.to_string()),
            ("records replayed at the end", self.replayed.to_string()),
            ("violations", self.violations.to_string()),
        ] {
            writeln!(f, "{what:<28}{value:>7}")?;
        }
        for violation in &self.named {
            writeln!(f, "  {violation}")?;
        }
        if self.interrupted {
            writeln!(f, "\nIt was ended before its time; nothing was checked.")?;
        }
        if let Some(folder) = &self.kept {
            writeln!(f, "\nData and logs are in {}", folder.display())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_recover_are_ranked() {
        let mut fault_log = FaultLog::default();
        fault_log.made.insert(Kind::KillKafka, 100);
        for second in (1..=100).rev() {
            fault_log.recovered(Kind::KillKafka, Duration::from_secs(second));
        }
        let report = Report {
            faults: fault_log.kinds(),
            ..Report::default()
        };
        let row = &report.faults[2];
        assert_eq!(row.recovered_p50_s, Some(50.0));
        assert_eq!(row.recovered_p99_s, Some(99.0));
        assert_eq!(row.recovered_max_s, Some(100.0));
        assert_eq!(report.count(Kind::KillKafka), 100);
        assert_eq!(report.faults[0].recovered_p50_s, None);
        assert!(report.to_string().contains("Kafka killed"), "{report}");
    }
}
