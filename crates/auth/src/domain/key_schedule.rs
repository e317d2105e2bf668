//! Which signing key signs, and which ones are still published.
//!
//! Keys are numbered. A key signs from its `signs_from` until its successor's; its tokens are
//! over one lifetime later, and until then it is published so that they can be verified. A
//! new key is published before it signs, so that whoever caches the key set knows it by then.

use jiff::{SignedDuration, Timestamp};

/// When a key takes its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The key's number: 1 for the first, rising by one. No two keys have the same.
    pub generation: i64,
    /// From when on it signs, until its successor does.
    pub signs_from: Timestamp,
}

/// The one of `turns` (in the order of their generations) that signs at `now`: the newest
/// whose turn has come. The first one signs before its turn too: there is no other.
pub fn signer(turns: &[Turn], now: Timestamp) -> Option<usize> {
    turns
        .iter()
        .rposition(|turn| turn.signs_from <= now)
        .or(if turns.is_empty() { None } else { Some(0) })
}

/// Whether a key whose successor signs from `successor` on is published at `now`, if
/// a token may be presented for `verifiable` after it was signed.
pub fn is_published(
    successor: Option<Timestamp>,
    verifiable: SignedDuration,
    now: Timestamp,
) -> bool {
    successor.is_none_or(|from| now.duration_since(from) <= verifiable)
}

/// The turn of a key made now to follow `last`: after everyone has had time to read it.
/// The first key of all signs at once.
pub fn next_turn(last: Option<Turn>, spread: SignedDuration, now: Timestamp) -> Turn {
    match last {
        None => Turn {
            generation: 1,
            signs_from: now,
        },
        Some(last) => Turn {
            generation: last.generation.saturating_add(1),
            // Never before its predecessor's turn, whatever the clock says.
            signs_from: now
                .max(last.signs_from)
                .saturating_add(spread)
                .unwrap_or(now),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn turns(from: &[i64]) -> Vec<Turn> {
        (1..)
            .zip(from)
            .map(|(generation, &second)| Turn {
                generation,
                signs_from: at(second),
            })
            .collect()
    }

    #[test]
    fn the_newest_whose_turn_has_come_signs() {
        let keys = turns(&[0, 100, 200]);
        for (now, expected) in [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (999, 2)] {
            assert_eq!(signer(&keys, at(now)), Some(expected), "at {now}");
        }
        assert_eq!(signer(&keys, at(-5)), Some(0));
        assert_eq!(signer(&[], at(0)), None);
    }

    #[test]
    fn a_key_is_published_until_its_last_token_is_over() {
        let verifiable = SignedDuration::from_secs(900);
        assert!(is_published(None, verifiable, at(1_000_000)));
        assert!(is_published(Some(at(100)), verifiable, at(0)));
        assert!(is_published(Some(at(100)), verifiable, at(1000)));
        assert!(!is_published(Some(at(100)), verifiable, at(1001)));
    }

    #[test]
    fn a_successor_waits_until_it_is_known() {
        let spread = SignedDuration::from_secs(30);
        let first = next_turn(None, spread, at(0));
        assert_eq!(
            first,
            Turn {
                generation: 1,
                signs_from: at(0)
            }
        );
        let second = next_turn(Some(first), spread, at(1000));
        assert_eq!(
            second,
            Turn {
                generation: 2,
                signs_from: at(1030)
            }
        );
        let third = next_turn(Some(second), spread, at(1001));
        assert_eq!(
            third,
            Turn {
                generation: 3,
                signs_from: at(1060)
            }
        );
    }
}
