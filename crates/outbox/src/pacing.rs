//! How long to gather before the next transaction or round.

use std::time::Duration;

/// The longest that anything is held back to travel in company.
const MOST: Duration = Duration::from_millis(40);

/// So many items in one go are worth another wait as long as the work itself.
const MANY: f64 = 32.0;

/// How long to gather after work on `items` that took `took`: hardly at all when there was
/// little, longer the more there was. A transaction or a round costs much the same however
/// much it carries, so a busy system gets larger ones, and an idle one answers at once.
pub(crate) fn rest(took: Duration, items: usize) -> Duration {
    let items = f64::from(u32::try_from(items).unwrap_or(u32::MAX));
    took.mul_f64(items / MANY).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_the_load_up_to_a_bound() {
        let took = Duration::from_millis(4);
        assert!(rest(took, 1) < Duration::from_micros(400));
        assert_eq!(rest(took, 16), Duration::from_millis(2));
        assert_eq!(rest(took, 64), Duration::from_millis(8));
        assert_eq!(rest(Duration::from_secs(9), 1), MOST);
        assert_eq!(rest(took, usize::MAX), MOST);
    }
}
