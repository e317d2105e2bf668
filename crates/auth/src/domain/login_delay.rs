//! How long to wait before another attempt to log in.

use jiff::SignedDuration;

/// So many failures in a row cost nothing: people mistype, and many may share an address.
pub const FREE_FAILURES: u32 = 20;
/// The longest wait: some 1,400 guesses a day.
const LONGEST: SignedDuration = SignedDuration::from_mins(1);

/// How long to wait after `failures` in a row of one address at one account: nothing at first, then
/// a second, and twice as long with each further one.
pub fn delay_after(failures: u32) -> SignedDuration {
    let Some(doublings) = failures.checked_sub(FREE_FAILURES) else {
        return SignedDuration::ZERO;
    };
    let seconds = 1_i64.checked_shl(doublings.min(32)).unwrap_or(i64::MAX);
    SignedDuration::from_secs(seconds).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_once_the_free_failures_are_used_up_and_ends_somewhere() {
        let seconds = |failures| delay_after(failures).as_secs();
        assert_eq!((0..FREE_FAILURES).map(seconds).max(), Some(0));
        let next: Vec<i64> = (FREE_FAILURES..).take(7).map(seconds).collect();
        assert_eq!(next, [1, 2, 4, 8, 16, 32, 60]);
        assert_eq!(seconds(u32::MAX), 60);
    }
}
