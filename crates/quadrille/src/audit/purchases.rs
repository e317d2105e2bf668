//! Purchases: what their topic says of them.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::findings::{Check, Findings};
use super::rules::Scope;

/// The topic keeps seven days; what is nearly as old may have gone.
const KEPT: SignedDuration = SignedDuration::from_hours(6 * 24);

/// What is known of purchases, by their ids.
#[derive(Default)]
pub(super) struct Purchases {
    owned: BTreeSet<String>,
    told: BTreeSet<String>,
}

impl Purchases {
    /// Takes note of a row.
    pub(super) fn own(&mut self, id: String) {
        self.owned.insert(id);
    }

    /// Takes note of an event.
    pub(super) fn tell(&mut self, id: &str) {
        self.told.insert(id.to_owned());
    }

    /// Holds rows and topic against each other.
    pub(super) fn judge(self, scope: Scope, now: Timestamp, findings: &mut Findings) {
        let mut check = Check::new(
            "purchases-published",
            "purchases",
            "each is in its topic while that keeps it, and each there is kept",
        );
        if scope == Scope::Databases {
            findings.add(check.skipped());
            return;
        }
        check.looked_at = self.owned.len() as u64;
        let recent = |id: &&String| made_at(id).is_some_and(|at| now.duration_since(at) < KEPT);
        for id in self.owned.difference(&self.told).filter(recent) {
            check.off(|| format!("purchase {id} is not in its topic"));
        }
        for id in self.told.difference(&self.owned) {
            check.off(|| format!("purchase {id} is in its topic only"));
        }
        findings.add(check);
    }
}

/// When an id was drawn.
fn made_at(id: &str) -> Option<Timestamp> {
    let (seconds, nanoseconds) = Uuid::parse_str(id).ok()?.get_timestamp()?.to_unix();
    let (seconds, nanoseconds) = (seconds.try_into().ok()?, nanoseconds.try_into().ok()?);
    Timestamp::new(seconds, nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(owned: &[&str], told: &[&str], now: Timestamp) -> usize {
        let mut purchases = Purchases::default();
        purchases
            .owned
            .extend(owned.iter().map(|id| (*id).to_owned()));
        purchases
            .told
            .extend(told.iter().map(|id| (*id).to_owned()));
        let mut findings = Findings::default();
        purchases.judge(Scope::Whole, now, &mut findings);
        findings.differences.len()
    }

    #[test]
    fn what_one_of_the_two_lacks_is_named_while_the_topic_keeps_it() {
        let ids = [Uuid::now_v7().to_string(), Uuid::now_v7().to_string()];
        let [one, other] = [ids[0].as_str(), ids[1].as_str()];
        let now = Timestamp::now();
        assert_eq!(off(&[one, other], &[one, other], now), 0);
        assert_eq!(off(&[one], &[one, other], now), 1);
        assert_eq!(off(&[one, other], &[one], now), 1);
        let later = now + SignedDuration::from_hours(8 * 24);
        assert_eq!(off(&[one, other], &[], later), 0);
    }
}
