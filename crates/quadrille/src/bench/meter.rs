//! What the parts cost: processor time and memory, as Linux accounts for them.

use procfs::process::Process;
use serde::Serialize;

/// A process to be measured.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) pid: i32,
}

impl Part {
    /// This process, which makes the load.
    pub(super) fn load_generator() -> Self {
        Self {
            name: "load generator",
            pid: std::process::id().cast_signed(),
        }
    }

    /// Processor seconds so far, and bytes of memory in use; zero for a process that is gone.
    fn used(&self) -> (f64, u64) {
        let read = || {
            let stat = Process::new(self.pid)?.stat()?;
            let resident = stat.rss * procfs::page_size();
            procfs::ProcResult::Ok((stat.utime + stat.stime, resident))
        };
        let (ticks, resident) = read().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "seconds for people")]
        let seconds = ticks as f64 / procfs::ticks_per_second() as f64;
        (seconds, resident)
    }
}

/// What a part has used in a run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cost {
    /// Which part.
    pub(crate) part: &'static str,
    /// Processor seconds for each 1,000 acknowledged orders.
    pub(crate) cpu_seconds_per_1000: f64,
    /// Memory at the end, in MB of 1,000,000 bytes.
    pub(crate) memory_mb: f64,
}

/// Measures parts from its making on.
pub(super) struct Meter {
    parts: Vec<(Part, f64)>,
}

impl Meter {
    pub(super) fn start(parts: Vec<Part>) -> Self {
        let begin = |part: Part| {
            let (seconds, _) = part.used();
            (part, seconds)
        };
        Self {
            parts: parts.into_iter().map(begin).collect(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers for people")]
    pub(super) fn read(&self, orders: u64) -> Vec<Cost> {
        let cost = |(part, before): &(Part, f64)| {
            let (seconds, memory) = part.used();
            Cost {
                part: part.name,
                cpu_seconds_per_1000: (seconds - before) * 1e3 / orders.max(1) as f64,
                memory_mb: memory as f64 / 1e6,
            }
        };
        let mut costs: Vec<Cost> = Vec::new();
        for one in self.parts.iter().map(cost) {
            // Several processes may be one part.
            match costs.iter_mut().find(|other| other.part == one.part) {
                Some(same) => {
                    same.cpu_seconds_per_1000 += one.cpu_seconds_per_1000;
                    same.memory_mb += one.memory_mb;
                }
                None => costs.push(one),
            }
        }
        costs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_costs_time_and_memory() {
        let meter = Meter::start(vec![Part::load_generator()]);
        let began = std::time::Instant::now();
        let mut sum = 0_u64;
        while began.elapsed() < std::time::Duration::from_millis(200) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let cost = meter.read(1000);
        assert!(cost[0].cpu_seconds_per_1000 > 0.01, "{cost:?} {sum}");
        assert!(cost[0].memory_mb > 1.0, "{cost:?}");
    }
}
