//! What a run came to.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::load::Outcome;
use super::meter::{Cost, Meter};

/// The figures of one run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// Orders that were answered with 201.
    pub(crate) acknowledged: usize,
    /// Orders that were refused at once for want of stock.
    pub(crate) sold_out: usize,
    /// Requests that were answered otherwise or not at all.
    pub(crate) failed: usize,
    /// The first such answer.
    pub(crate) first_failure: Option<String>,
    /// Acknowledged orders per second.
    pub(crate) acknowledged_per_second: f64,
    /// Orders per second from the first POST until none is pending.
    pub(crate) settled_per_second: f64,
    /// From the first POST until none is pending, in seconds.
    pub(crate) seconds: f64,
    /// From POST to its answer.
    pub(crate) post: Latency,
    /// From POST to settled.
    pub(crate) settled: Latency,
    /// What each part used; empty for a shop that this run did not start.
    pub(crate) costs: Vec<Cost>,
    /// What the services' databases say afterwards; each line is a violation.
    pub(crate) violations: Option<Vec<String>>,
}

/// Quantiles in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    /// How many were measured.
    pub(crate) samples: usize,
    /// The median.
    pub(crate) p50: f64,
    /// 95 of 100 are not slower.
    pub(crate) p95: f64,
    /// 99 of 100 are not slower.
    pub(crate) p99: f64,
    /// The slowest.
    pub(crate) max: f64,
}

impl Report {
    pub(super) fn new(
        posted: &[Outcome],
        probed: &[Outcome],
        placed_in: Duration,
        settled_in: Duration,
        meter: &Meter,
    ) -> Self {
        let all = || posted.iter().chain(probed);
        let acknowledged = all().filter(|outcome| outcome.taken().is_some()).count();
        let failures: Vec<&String> = all()
            .filter_map(|outcome| match outcome {
                Outcome::Failed(reason) => Some(reason),
                _ => None,
            })
            .collect();
        Self {
            acknowledged,
            sold_out: all()
                .filter(|outcome| matches!(outcome, Outcome::SoldOut))
                .count(),
            failed: failures.len(),
            first_failure: failures.first().map(|reason| (*reason).clone()),
            acknowledged_per_second: per_second(acknowledged, placed_in),
            settled_per_second: per_second(acknowledged, settled_in),
            seconds: settled_in.as_secs_f64(),
            post: Latency::of(posted.iter().filter_map(Outcome::taken)),
            settled: Latency::of(probed.iter().filter_map(Outcome::taken)),
            costs: meter.read(acknowledged as u64),
            violations: None,
        }
    }

    /// Whether every order was right.
    pub(crate) fn sound(&self) -> bool {
        self.failed == 0 && self.violations.as_ref().is_none_or(Vec::is_empty)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

impl Latency {
    pub(super) fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut millis: Vec<f64> = times.map(|time| time.as_secs_f64() * 1e3).collect();
        millis.sort_by(f64::total_cmp);
        let at = |permille: usize| {
            let place = (millis.len() * permille).div_ceil(1000).saturating_sub(1);
            millis.get(place).copied().unwrap_or(f64::NAN)
        };
        Self {
            samples: millis.len(),
            p50: at(500),
            p95: at(950),
            p99: at(990),
            max: at(1000),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "acknowledged      {:>10}", self.acknowledged)?;
        writeln!(f, "sold out (409)    {:>10}", self.sold_out)?;
        writeln!(f, "failed            {:>10}", self.failed)?;
        if let Some(reason) = &self.first_failure {
            writeln!(f, "  the first: {reason}")?;
        }
        writeln!(
            f,
            "acknowledged/s    {:>10.0}",
            self.acknowledged_per_second
        )?;
        writeln!(f, "settled/s         {:>10.0}", self.settled_per_second)?;
        writeln!(f, "seconds           {:>10.2}", self.seconds)?;
        writeln!(
            f,
            "\n{:<18}{:>8}{:>9}{:>9}{:>9}{:>9}",
            "ms", "samples", "p50", "p95", "p99", "max"
        )?;
        for (name, times) in [("POST", &self.post), ("POST to settled", &self.settled)] {
            writeln!(
                f,
                "{name:<18}{:>8}{:>9.1}{:>9.1}{:>9.1}{:>9.1}",
                times.samples, times.p50, times.p95, times.p99, times.max
            )?;
        }
        if !self.costs.is_empty() {
            let head = ("part", "CPU s/1000", "MB");
            writeln!(f, "\n{:<18}{:>12}{:>9}", head.0, head.1, head.2)?;
        }
        for cost in &self.costs {
            let (cpu, memory) = (cost.cpu_seconds_per_1000, cost.memory_mb);
            writeln!(f, "{:<18}{cpu:>12.3}{memory:>9.0}", cost.part)?;
        }
        match &self.violations {
            None => Ok(()),
            Some(none) if none.is_empty() => writeln!(f, "\naudit: no violation"),
            Some(found) => {
                writeln!(f, "\naudit: {} violations", found.len())?;
                found.iter().try_for_each(|one| writeln!(f, "  {one}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_times() {
        let times = (1..=100).rev().map(Duration::from_millis);
        let latency = Latency::of(times);
        let shown =
            [latency.p50, latency.p95, latency.p99, latency.max].map(|ms| format!("{ms:.0}"));
        assert_eq!(shown, ["50", "95", "99", "100"]);
        assert_eq!(latency.samples, 100);
    }
}
