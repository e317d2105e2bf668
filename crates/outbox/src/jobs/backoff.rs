//! How long a job that failed waits.

use std::time::Duration;

/// The pause after attempt `attempt`: from `first`, doubled each time, at most `most`. A random
/// half of it, drawn by `jitter`, lets jobs that failed together come back apart.
pub(super) fn pause(
    attempt: u32,
    first: Duration,
    most: Duration,
    jitter: impl FnOnce(Duration) -> Duration,
) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    let whole = first.saturating_mul(1 << doublings).min(most);
    whole / 2 + jitter(whole / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_most_and_differ_by_half() {
        let (first, most) = (Duration::from_secs(1), Duration::from_secs(10));
        let least = |attempt| pause(attempt, first, most, |_| Duration::ZERO);
        let longest = |attempt| pause(attempt, first, most, |bound| bound);
        for (attempt, whole) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (u32::MAX, 10)] {
            assert_eq!(longest(attempt), Duration::from_secs(whole));
            assert_eq!(least(attempt), Duration::from_secs(whole) / 2);
        }
    }
}
