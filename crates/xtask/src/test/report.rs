//! What is printed at the end.

use std::fmt::Write as _;
use std::time::Duration;

use super::counts::Counts;
use super::steps::Step;

/// How one step ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) step: &'static Step,
    pub(super) took: Duration,
    /// What failed, in one line.
    pub(super) failure: Option<String>,
    pub(super) counts: Counts,
}

/// The steps with their durations, and what to run for those that failed.
pub(super) fn table(done: &[Done]) -> String {
    let mut text = String::from("\n");
    for one in done {
        let verdict = if one.failure.is_none() {
            "ok"
        } else {
            "FAILED"
        };
        let _ = write!(
            text,
            "{:<10}{verdict:<8}{:>9}",
            one.step.name,
            seconds(one.took)
        );
        let counts = one.counts;
        if counts.passed + counts.failed > 0 {
            let _ = write!(
                text,
                "   {} passed, {} failed",
                counts.passed, counts.failed
            );
            if counts.skipped > 0 {
                let _ = write!(text, ", {} skipped", counts.skipped);
            }
        }
        if one.failure.is_some() {
            let _ = write!(text, "   cargo xtask test --only {}", one.step.name);
        }
        text.push('\n');
    }
    let all: Duration = done.iter().map(|one| one.took).sum();
    let _ = writeln!(text, "{:<18}{:>9}", "all", seconds(all));
    text
}

/// The last line. A step that failed without a failed test (it did not compile, say) counts as one,
/// so that "0 failed" is never said of a run that failed.
pub(super) fn total(done: &[Done]) -> String {
    let passed: u64 = done.iter().map(|one| one.counts.passed).sum();
    let failed: u64 = done
        .iter()
        .map(|one| one.counts.failed.max(u64::from(one.failure.is_some())))
        .sum();
    format!("{passed} passed, {failed} failed")
}

pub(super) fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::steps::STEPS;

    fn done(step: usize, failure: Option<&str>, passed: u64, failed: u64) -> Done {
        Done {
            step: &STEPS[step],
            took: Duration::from_millis(1500),
            failure: failure.map(str::to_owned),
            counts: Counts {
                passed,
                failed,
                skipped: 0,
            },
        }
    }

    #[test]
    fn the_last_line_adds_up_and_never_hides_a_failure() {
        assert_eq!(
            total(&[done(5, None, 3, 0), done(6, None, 40, 0)]),
            "43 passed, 0 failed"
        );
        let failed = [
            done(0, Some("it ended"), 0, 0),
            done(6, Some("it ended"), 40, 2),
        ];
        assert_eq!(total(&failed), "40 passed, 3 failed");
    }

    #[test]
    fn a_failed_step_names_the_command_that_runs_it_alone() {
        let text = table(&[done(0, None, 0, 0), done(2, Some("it ended"), 0, 0)]);
        assert!(text.contains("cargo xtask test --only clippy"), "{text}");
        assert!(!text.contains("--only fmt"), "{text}");
        assert!(text.contains("3.0 s"), "{text}");
    }
}
