//! How long to gather before the next transaction or round.

use std::time::Duration;

/// The longest that anything is held back to travel in company.
const MOST: Duration = Duration::from_millis(40);

/// How long to gather after work on `items` that took `took`: a moment when there was
/// little, longer the more there was. A transaction or a round costs much the same however
/// much it carries, so a busy system gets larger ones, and an idle one answers at once.
pub(crate) fn rest(took: Duration, items: usize) -> Duration {
    let weight = 1.0 + f64::from(u32::try_from(items).unwrap_or(u32::MAX)) / 64.0;
    took.mul_f64(weight).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_the_load_up_to_a_bound() {
        let took = Duration::from_millis(4);
        assert!(rest(took, 1) < Duration::from_millis(5));
        assert_eq!(rest(took, 64), Duration::from_millis(8));
        assert_eq!(rest(Duration::from_secs(9), 1), MOST);
        assert_eq!(rest(took, usize::MAX), MOST);
    }
}
