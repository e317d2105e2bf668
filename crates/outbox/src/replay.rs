//! Handles a topic's records again, from an earlier place on.
//!
//! A replay puts the group's checkpoints back and raises their epochs, in one transaction.
//! A running inbox is fenced by that, claims the partitions again and goes on from the
//! earlier place; one that is started later begins there. What was right stays as it is,
//! because handlers drop what they have seen. The inbox counts what was new, seen before,
//! dead-lettered or passed over in the transactions that move the checkpoint, so the counts are
//! exact through every crash.

mod error;

use std::collections::{BTreeMap, BTreeSet};

pub use self::error::ReplayError;
use crate::checkpoint::{Claim, ReplayState, Rewind, TopicPartition};
use crate::error::StoreError;
use crate::inbox::InboxStore;
use crate::interrupt::interrupting;
use crate::kafka::TopicError;
use crate::source::Assigned;
use crate::transaction::Work;

/// From where on a topic is to be handled again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayStart {
    /// From the first record that is still there.
    Earliest,
    /// From these offsets by partition, found for a time. A partition whose checkpoint has not
    /// come that far is left alone, as is one that is not named.
    Since(BTreeMap<i32, i64>),
    /// From exactly these offsets by partition; one that does not fit is refused.
    Offsets(BTreeMap<i32, i64>),
}

/// What a replay would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayPlan {
    /// The topic, without the prefix.
    pub topic: String,
    /// The checkpoints to be put back; none when there is nothing to be handled again.
    pub steps: Vec<ReplayStep>,
}

/// A checkpoint that a replay puts back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayStep {
    /// The partition.
    pub at: TopicPartition,
    /// The offset to go on from.
    pub from: i64,
    /// Where the checkpoint stands now.
    pub to: i64,
}

/// How far a replay has come in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayProgress {
    /// The partition.
    pub at: TopicPartition,
    /// Where the checkpoint stands.
    pub next: i64,
    /// What it has come to; kept until the next replay.
    pub state: ReplayState,
}

impl ReplayProgress {
    /// Whether everything has been handled again.
    pub fn finished(&self) -> bool {
        self.left() == 0
    }

    /// How many offsets are left; not each of them holds a record.
    pub fn left(&self) -> i64 {
        (self.state.to - self.next).max(0)
    }
}

/// Replays topics for one consumer group.
pub struct Replay<D> {
    database: D,
    group: String,
    subscribed: BTreeSet<String>,
}

impl<D: InboxStore> Replay<D> {
    /// Replays for `group`, which listens to the topics `subscribed`.
    pub fn new<'a>(
        database: D,
        group: impl Into<String>,
        subscribed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            database,
            group: group.into(),
            subscribed: subscribed.into_iter().map(str::to_owned).collect(),
        }
    }

    /// What a replay of `topic` would do. `ends` says what each of its partitions holds
    /// ([`TopicReader::ends`](crate::kafka::TopicReader::ends)); it is only asked once the
    /// checkpoints are known, so that a running inbox can't have come further than that.
    /// Changes nothing.
    ///
    /// # Errors
    /// When the group does not listen to the topic, an offset is not there, or a checkpoint
    /// would be moved forward: a replay never skips a record.
    pub async fn plan(
        &self,
        topic: &str,
        ends: impl Future<Output = Result<Vec<Assigned>, TopicError>>,
        start: &ReplayStart,
    ) -> Result<ReplayPlan, ReplayError> {
        if !self.subscribed.contains(topic) {
            return Err(ReplayError::NotSubscribed {
                topic: topic.to_owned(),
                group: self.group.clone(),
                subscribed: self.subscribed.iter().cloned().collect(),
            });
        }
        let claims = self.database.checkpoints(&self.group).await?;
        let ends = ends.await?;
        if let ReplayStart::Offsets(offsets) = start {
            let is_there = |partition: &i32| ends.iter().any(|end| end.at.partition == *partition);
            if let Some(unknown) = offsets.keys().find(|partition| !is_there(partition)) {
                return Err(ReplayError::UnknownPartition {
                    at: TopicPartition::new(topic, *unknown),
                    partitions: ends.len(),
                });
            }
        }
        let mut steps = Vec::new();
        for end in &ends {
            let claim = claims.iter().find(|claim| claim.at == end.at);
            steps.extend(step(end, claim, start)?);
        }
        Ok(ReplayPlan {
            topic: topic.to_owned(),
            steps,
        })
    }

    /// Puts the checkpoints back, all or none.
    ///
    /// # Errors
    /// When the database is out of reach; nothing is changed then.
    pub async fn begin(&self, plan: &ReplayPlan) -> Result<(), ReplayError> {
        if plan.steps.is_empty() {
            return Ok(());
        }
        let steps = plan.steps.iter().map(|step| Rewind {
            at: step.at.clone(),
            from: step.from,
        });
        let mut rewinding = Rewinding {
            database: &self.database,
            group: &self.group,
            steps: steps.collect(),
        };
        let places: Vec<TopicPartition> = plan.steps.iter().map(|step| step.at.clone()).collect();
        Ok(interrupting(&self.database, &self.group, &places, &mut rewinding).await?)
    }

    /// How far the latest replay of `topic` has come, by partition; those that were never
    /// replayed are left out.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn progress(&self, topic: &str) -> Result<Vec<ReplayProgress>, StoreError> {
        let claims = self.database.checkpoints(&self.group).await?;
        let mut all: Vec<ReplayProgress> = claims
            .into_iter()
            .filter(|claim| claim.at.topic == topic)
            .filter_map(|claim| {
                Some(ReplayProgress {
                    state: claim.replay?,
                    at: claim.at,
                    next: claim.next,
                })
            })
            .collect();
        all.sort_by(|a, b| a.at.cmp(&b.at));
        Ok(all)
    }
}

/// What is to be done with one partition, if anything.
fn step(
    end: &Assigned,
    claim: Option<&Claim>,
    start: &ReplayStart,
) -> Result<Option<ReplayStep>, ReplayError> {
    let partition = end.at.partition;
    let (from, exact) = match start {
        ReplayStart::Earliest => (Some(end.low), true),
        ReplayStart::Since(offsets) => (offsets.get(&partition).copied(), false),
        ReplayStart::Offsets(offsets) => (offsets.get(&partition).copied(), true),
    };
    let Some(from) = from else {
        return Ok(None);
    };
    let at = end.at.clone();
    let Some(claim) = claim else {
        // It begins at the first record by itself.
        return match start {
            ReplayStart::Offsets(_) => Err(ReplayError::NotBegun { at }),
            _ => Ok(None),
        };
    };
    if !end.is_of(claim.topic_id) {
        return Err(ReplayError::AnotherTopic { at });
    }
    let (low, high, next) = (end.low, end.high, claim.next);
    if next > high {
        return Err(ReplayError::NotTheTopic { at, next, high });
    }
    if from < low || from > high {
        return Err(ReplayError::OutOfRange {
            at,
            from,
            low,
            high,
        });
    }
    if from > next {
        return if exact {
            Err(ReplayError::Ahead { at, from, next })
        } else {
            Ok(None)
        };
    }
    Ok((from < next).then_some(ReplayStep { at, from, to: next }))
}

struct Rewinding<'a, D> {
    database: &'a D,
    group: &'a str,
    steps: Vec<Rewind>,
}

impl<D: InboxStore> Work<D> for Rewinding<'_, D> {
    type Output = ();

    async fn run(&mut self, tx: &mut D::Tx) -> Result<(), StoreError> {
        self.database.rewind(tx, self.group, &self.steps).await
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn end() -> Assigned {
        Assigned {
            at: TopicPartition::new("t", 0),
            low: 5,
            high: 20,
            topic_id: Some(Uuid::from_u128(1)),
        }
    }

    fn claim(next: i64) -> Claim {
        Claim {
            at: end().at,
            epoch: 1,
            next,
            topic_id: None,
            replay: None,
        }
    }

    fn planned(next: i64, start: &ReplayStart) -> Result<Option<(i64, i64)>, String> {
        match step(&end(), Some(&claim(next)), start) {
            Ok(step) => Ok(step.map(|step| (step.from, step.to))),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    #[test]
    fn nothing_is_ever_skipped() {
        let offsets = |from| ReplayStart::Offsets([(0, from)].into());
        let since = |from| ReplayStart::Since([(0, from)].into());
        assert_eq!(planned(12, &ReplayStart::Earliest), Ok(Some((5, 12))));
        assert_eq!(planned(5, &ReplayStart::Earliest), Ok(None));
        assert_eq!(planned(12, &offsets(7)), Ok(Some((7, 12))));
        assert_eq!(planned(12, &offsets(12)), Ok(None));
        assert_eq!(planned(12, &since(9)), Ok(Some((9, 12))));
        assert_eq!(planned(12, &since(15)), Ok(None), "not that far yet");
        let elsewhere = ReplayStart::Offsets([(1, 7)].into());
        assert_eq!(planned(12, &elsewhere), Ok(None));
        for (next, start, part) in [
            (12, offsets(4), "holds the offsets 5 to 20; 4 is not there"),
            (
                12,
                offsets(21),
                "holds the offsets 5 to 20; 21 is not there",
            ),
            (12, offsets(13), "to continue at 13 would skip 1 record"),
            (
                3,
                ReplayStart::Earliest,
                "to continue at 5 would skip 2 record",
            ),
            (31, offsets(7), "is not the topic"),
        ] {
            let refusal = planned(next, &start).expect_err("it is refused");
            assert!(refusal.contains(part), "{refusal}");
        }
        let other = Claim {
            topic_id: Some(Uuid::from_u128(2)),
            ..claim(12)
        };
        let refusal = step(&end(), Some(&other), &offsets(7)).expect_err("another topic");
        assert!(refusal.to_string().contains("recreated"), "{refusal}");
        let refusal = step(&end(), None, &offsets(7)).expect_err("it never began");
        assert!(refusal.to_string().contains("never read"), "{refusal}");
    }
}
