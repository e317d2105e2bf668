//! How long to wait before another attempt to log in.

use jiff::SignedDuration;

/// So many failures in a row cost nothing: people mistype.
const FREE: u32 = 5;
/// The longest wait.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// How long to wait after `failures` in a row of one address at one account: nothing at first, then a second, and
/// twice as long with each further one.
pub fn delay_after(failures: u32) -> SignedDuration {
    let Some(doublings) = failures.checked_sub(FREE) else {
        return SignedDuration::ZERO;
    };
    let seconds = 1_i64.checked_shl(doublings.min(32)).unwrap_or(i64::MAX);
    SignedDuration::from_secs(seconds).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_from_the_fifth_failure_on_and_ends_somewhere() {
        let seconds = |failures| delay_after(failures).as_secs();
        let first: Vec<i64> = (0..9).map(seconds).collect();
        assert_eq!(first, [0, 0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(seconds(15), 900);
        assert_eq!(seconds(u32::MAX), 900);
    }
}
