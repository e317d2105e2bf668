//! Refresh tokens and the families that they form.
//!
//! A login starts a family; every refresh replaces the family's token by a new one, which is
//! of the next generation. A token that was replaced must not come again: if it does, two
//! parties hold the family, one of them may be a thief, and nobody can say which, so the
//! whole family is revoked (RFC 9700 4.14.2).
//!
//! One exception, for tabs that refresh at the same moment and for answers that are lost on
//! their way: a token that was replaced no longer than the grace ago is answered with a
//! further token of the generation that replaced it, a sibling. The first sibling to be used
//! replaces the others too, so two parties that go on apart are still found out.

use events::AccountId;
use jiff::{SignedDuration, Timestamp};

/// Names a family: 128 random bits, known only to the holders of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FamilyId(pub [u8; 16]);

/// SHA-256 of a refresh token's secret part. The secret has 256 random bits, so no salt and
/// no slow hash are needed to keep it from being guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// All refresh tokens that came from one login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub id: FamilyId,
    /// Whose it is.
    pub account: AccountId,
    /// Rises by one whenever its tokens are replaced.
    pub generation: i64,
    /// The tokens that may be used now: one, or several siblings.
    pub current: Vec<TokenHash>,
    /// The tokens that the current ones replaced.
    pub previous: Vec<TokenHash>,
    /// When they were replaced.
    pub replaced_at: Timestamp,
    /// When the family ends, however often it is refreshed.
    pub expires_at: Timestamp,
    /// Whether it has been revoked.
    pub revoked: bool,
}

/// What a presented token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is current: replace it.
    Replace,
    /// It was replaced a moment ago: give a sibling of those that replaced it.
    Sibling,
    /// It was replaced a moment ago, but there are [`Family::MAX_SIBLINGS`] already.
    TooMany,
    /// It was replaced before: revoke the family.
    Reused,
    /// The family has expired or was revoked.
    Over,
}

impl Family {
    /// How many tokens of one generation there may be: more than tabs that refresh at once,
    /// few enough that the record stays small.
    pub const MAX_SIBLINGS: usize = 64;

    /// What presenting the token with this hash at `now` leads to.
    ///
    /// Whoever presents anything in the name of a family knows the family's name, so has or
    /// had one of its tokens: a hash that is not known any more is an older one.
    pub fn judge(&self, presented: &TokenHash, grace: SignedDuration, now: Timestamp) -> Verdict {
        if self.revoked || self.expires_at <= now {
            Verdict::Over
        } else if self.current.contains(presented) {
            Verdict::Replace
        } else if !self.previous.contains(presented)
            || now.duration_since(self.replaced_at) >= grace
        {
            Verdict::Reused
        } else if self.current.len() >= Self::MAX_SIBLINGS {
            Verdict::TooMany
        } else {
            Verdict::Sibling
        }
    }

    /// When an access token issued at `now` ends: after `lifetime`, but never after its family.
    pub fn access_ends(&self, lifetime: SignedDuration, now: Timestamp) -> Timestamp {
        now.saturating_add(lifetime)
            .map_or(self.expires_at, |end| end.min(self.expires_at))
    }
}

#[cfg(test)]
mod tests {
    use events::ids::AccountKind;
    use newtype_uuid::TypedUuid;
    use proptest::prelude::*;

    use super::*;

    const GRACE: SignedDuration = SignedDuration::from_secs(10);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn hash(n: u8) -> TokenHash {
        TokenHash([n; 32])
    }

    fn family() -> Family {
        Family {
            id: FamilyId([0; 16]),
            account: TypedUuid::<AccountKind>::nil(),
            generation: 2,
            current: vec![hash(2)],
            previous: vec![hash(1)],
            replaced_at: at(100),
            expires_at: at(1000),
            revoked: false,
        }
    }

    #[test]
    fn the_current_token_is_replaced_until_the_family_ends() {
        assert_eq!(family().judge(&hash(2), GRACE, at(999)), Verdict::Replace);
        assert_eq!(family().judge(&hash(2), GRACE, at(1000)), Verdict::Over);
    }

    #[test]
    fn the_one_before_is_good_for_the_grace_and_then_reuse() {
        assert_eq!(family().judge(&hash(1), GRACE, at(109)), Verdict::Sibling);
        assert_eq!(family().judge(&hash(1), GRACE, at(110)), Verdict::Reused);
        assert_eq!(
            family().judge(&hash(1), SignedDuration::ZERO, at(100)),
            Verdict::Reused
        );
    }

    #[test]
    fn older_ones_are_reuse_even_within_the_grace() {
        assert_eq!(family().judge(&hash(0), GRACE, at(101)), Verdict::Reused);
    }

    #[test]
    fn a_revoked_family_gives_nothing() {
        let revoked = Family {
            revoked: true,
            ..family()
        };
        for n in 0..3 {
            assert_eq!(revoked.judge(&hash(n), GRACE, at(101)), Verdict::Over);
        }
    }

    #[test]
    fn siblings_are_bounded() {
        let crowded = Family {
            current: vec![hash(9); Family::MAX_SIBLINGS],
            ..family()
        };
        assert_eq!(crowded.judge(&hash(1), GRACE, at(101)), Verdict::TooMany);
        assert_eq!(crowded.judge(&hash(9), GRACE, at(101)), Verdict::Replace);
    }

    #[test]
    fn an_access_token_never_outlives_its_family() {
        let lifetime = SignedDuration::from_mins(15);
        assert_eq!(family().access_ends(lifetime, at(0)), at(900));
        assert_eq!(family().access_ends(lifetime, at(500)), at(1000));
        assert_eq!(family().access_ends(SignedDuration::MAX, at(500)), at(1000));
    }

    /// Applies a verdict as the store does.
    fn apply(family: &mut Family, verdict: Verdict, new: TokenHash, now: Timestamp) -> bool {
        match verdict {
            Verdict::Replace => {
                family.previous = std::mem::replace(&mut family.current, vec![new]);
                family.generation += 1;
                family.replaced_at = now;
                true
            }
            Verdict::Sibling => {
                family.current.push(new);
                true
            }
            Verdict::Reused => {
                family.revoked = true;
                false
            }
            Verdict::TooMany | Verdict::Over => false,
        }
    }

    proptest! {
        /// Whatever is presented and when: two parties that each go on with their own tokens
        /// for longer than the grace are found out.
        #[test]
        fn two_parties_do_not_live_side_by_side(
            steps in prop::collection::vec((any::<bool>(), 11_i64..60), 4..40)
        ) {
            let mut family = Family {
                expires_at: at(1_000_000), current: vec![hash(0)], previous: vec![], ..family()
            };
            let (mut now, mut next) = (100, 1_u8);
            let mut held = [hash(0), hash(0)];
            let mut used = [false, false];
            for (who, pause) in steps {
                now += pause;
                let who = usize::from(who);
                let verdict = family.judge(&held[who], GRACE, at(now));
                if apply(&mut family, verdict, hash(next), at(now)) {
                    held[who] = hash(next);
                    used[who] = true;
                    next += 1;
                }
                if used[0] && used[1] {
                    prop_assert!(family.revoked);
                }
            }
        }

        /// Nor do they when the second one slips in during the grace.
        #[test]
        fn siblings_do_not_live_side_by_side(first in 0_i64..10, second in 11_i64..500) {
            let mut family = Family { expires_at: at(1_000_000), ..family() };
            prop_assert!(apply(&mut family, Verdict::Sibling, hash(3), at(100 + first)));
            let mine = family.judge(&hash(2), GRACE, at(200));
            prop_assert!(apply(&mut family, mine, hash(4), at(200)));
            prop_assert_eq!(family.judge(&hash(3), GRACE, at(200 + second)), Verdict::Reused);
        }

        #[test]
        fn nothing_is_given_after_revocation(presented in any::<u8>(), second in 0_i64..2000) {
            let revoked = Family { revoked: true, ..family() };
            prop_assert_eq!(revoked.judge(&hash(presented), GRACE, at(second)), Verdict::Over);
        }
    }
}
