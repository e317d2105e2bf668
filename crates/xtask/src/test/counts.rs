//! How many tests passed and failed, read from what the test runners print.

/// Tests of one step.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// From the `test result:` lines of `cargo test`, one for each crate.
    pub(crate) fn of_libtest(lines: &[String]) -> Self {
        let results = lines
            .iter()
            .filter_map(|line| line.strip_prefix("test result:"));
        results.fold(Self::default(), |sum, result| {
            let parts = result.split([';', '.']);
            parts.map(str::trim).fold(sum, Self::with)
        })
    }

    /// From the one `Summary` line of nextest.
    pub(crate) fn of_nextest(lines: &[String]) -> Self {
        let summary = lines
            .iter()
            .rev()
            .filter(|line| line.trim_start().starts_with("Summary"))
            .find_map(|line| line.split_once("run:"));
        let parts = summary.map_or("", |(_, parts)| parts).split(',');
        parts.map(str::trim).fold(Self::default(), Self::with)
    }

    /// From vitest's line "Tests  1 failed | 70 passed (71)".
    pub(crate) fn of_vitest(lines: &[String]) -> Self {
        let results = lines
            .iter()
            .filter_map(|line| line.trim_start().strip_prefix("Tests "));
        results.fold(Self::default(), |sum, result| {
            result.split('|').map(str::trim).fold(sum, Self::with)
        })
    }

    /// Adds a part such as "31 passed (2 slow)", "1 timed out" or "2 exec failed".
    fn with(mut self, part: &str) -> Self {
        let Some((count, what)) = part.split_once(' ') else {
            return self;
        };
        let Ok(count) = count.parse::<u64>() else {
            return self;
        };
        if what.starts_with("passed") {
            self.passed += count;
        } else if ["failed", "timed out", "exec failed"]
            .iter()
            .any(|word| what.starts_with(word))
        {
            self.failed += count;
        } else if what.starts_with("skipped") || what.starts_with("ignored") {
            self.skipped += count;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn nextests_summary_is_read_with_every_way_to_fail() {
        let text = "     Summary [   1.2s] 9 tests run: 4 passed (2 slow, 1 leaky), 2 failed, 1 exec failed, 2 timed out, 3 skipped\n        FAIL [   0.1s] (1/9) x::it t";
        let expected = Counts {
            passed: 4,
            failed: 5,
            skipped: 3,
        };
        assert_eq!(Counts::of_nextest(&lines(text)), expected);
        let cancelled = "Summary [ 0.3s] 2/9 tests run: 1 passed, 1 failed, 0 skipped";
        assert_eq!(Counts::of_nextest(&lines(cancelled)).failed, 1);
    }

    #[test]
    fn vitests_line_is_read() {
        let text = " Test Files  1 failed | 3 passed (4)\n      Tests  2 failed | 69 passed | 1 skipped (72)";
        let expected = Counts {
            passed: 69,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(Counts::of_vitest(&lines(text)), expected);
    }

    #[test]
    fn doctests_of_all_crates_are_added_up() {
        let text = "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out";
        let expected = Counts {
            passed: 3,
            failed: 3,
            skipped: 1,
        };
        assert_eq!(Counts::of_libtest(&lines(text)), expected);
    }

    #[test]
    fn a_run_that_did_not_come_to_its_summary_counts_nothing() {
        let text = lines("error: could not compile `x`");
        assert_eq!(Counts::of_nextest(&text), Counts::default());
        assert_eq!(Counts::of_libtest(&text), Counts::default());
    }
}
