//! What has to be done so that a cluster's topics are as the shop needs them. Decided from what is
//! there; nothing is asked here.
//!
//! Two things are never done. Partitions are not added to a topic that was ever written to: a
//! key's new records would go to another partition than its old ones, and be handled before them.
//! And nothing is set that makes Kafka delete records which it keeps now, unless the operator
//! names the topic with `--even-losing`.

use std::collections::BTreeMap;

use outbox::kafka::{KafkaOptions, TopicShape};
use serde::Serialize;

use super::wanted::{Wanted, Wishes};

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    /// How many brokers.
    pub(crate) brokers: usize,
    /// The topics of the shop that are there, by name without the prefix.
    pub(crate) topics: BTreeMap<String, TopicShape>,
}

/// What has to be done.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    /// The cluster's address.
    pub(crate) brokers: String,
    /// The prefix of every topic's name.
    pub(crate) prefix: String,
    /// Each topic of the shop.
    pub(crate) topics: Vec<TopicPlan>,
}

/// What has to be done about one topic.
#[derive(Debug, Serialize)]
pub(crate) struct TopicPlan {
    /// Its name, without the prefix.
    pub(crate) topic: String,
    /// How many partitions it has, or is to be made with.
    pub(crate) partitions: i32,
    /// On how many brokers each record lies, or is to lie; -1 is the cluster's default.
    pub(crate) replication: i32,
    /// The settings about what it keeps.
    pub(crate) keeps: BTreeMap<String, String>,
    /// What has to be done; nothing when it is as it should be.
    pub(crate) steps: Vec<Step>,
}

/// One thing to be done, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub(crate) enum Step {
    /// The topic is missing.
    Make {
        partitions: i32,
        replication: i32,
        config: Vec<(&'static str, String)>,
    },
    /// It has too few partitions, and was never written to.
    AddPartitions { from: i32, to: i32 },
    /// One of Kafka's settings differs.
    Set {
        setting: String,
        from: String,
        to: String,
    },
    /// It differs, harmlessly, and stays so.
    Leave { what: String, why: String },
    /// It can't be done, or does harm.
    Refuse { what: String, why: String },
}

const POLICY: &str = "cleanup.policy";
const RETENTION: [&str; 2] = ["retention.ms", "retention.bytes"];
const IN_SYNC: &str = "min.insync.replicas";

/// Decides.
pub(crate) fn decide(wanted: &[Wanted], cluster: &Cluster, wishes: &Wishes) -> Plan {
    let topics = wanted.iter().map(|wanted| {
        let shape = cluster.topics.get(&wanted.spec.name);
        shape.map_or_else(
            || missing(wanted, cluster, wishes),
            |shape| present(wanted, shape, wishes),
        )
    });
    Plan {
        brokers: String::new(),
        prefix: String::new(),
        topics: topics.collect(),
    }
}

impl Plan {
    /// The same with the address that it is about.
    pub(crate) fn at(mut self, options: &KafkaOptions) -> Self {
        self.brokers.clone_from(&options.brokers);
        self.prefix.clone_from(&options.topic_prefix);
        self
    }

    /// Whether there is nothing to be done.
    pub(crate) fn is_fulfilled(&self) -> bool {
        self.steps()
            .all(|step| matches!(step, Step::Leave { .. } | Step::Refuse { .. }))
    }

    /// Whether anything is refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.steps().any(|step| matches!(step, Step::Refuse { .. }))
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.topics.iter().flat_map(|topic| &topic.steps)
    }
}

fn missing(wanted: &Wanted, cluster: &Cluster, wishes: &Wishes) -> TopicPlan {
    let spec = &wanted.spec;
    let mut config = spec.config.clone();
    let replication = wishes.replication.unwrap_or(spec.replication);
    let step = match usize::try_from(replication) {
        Ok(copies) if copies > cluster.brokers => Step::Refuse {
            what: format!("to be made with each record on {replication} brokers"),
            why: format!(
                "the cluster has {}; start more, or ask for fewer with --replication",
                cluster.brokers
            ),
        },
        copies => {
            if copies.is_ok() {
                config.push((IN_SYNC, in_sync(replication).to_string()));
            }
            Step::Make {
                partitions: spec.partitions,
                replication,
                config,
            }
        }
    };
    TopicPlan {
        topic: spec.name.clone(),
        partitions: spec.partitions,
        replication,
        keeps: keeps(
            spec.config
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        ),
        steps: vec![step],
    }
}

fn present(wanted: &Wanted, shape: &TopicShape, wishes: &Wishes) -> TopicPlan {
    let spec = &wanted.spec;
    let mut steps = Vec::new();
    steps.extend(partitions(wanted, shape));
    steps.extend(replication(shape, wishes));
    let losing = wishes.losing.contains(&spec.name) || !shape.written;
    steps.extend(policy(wanted, shape, losing));
    for setting in RETENTION {
        steps.extend(retention(wanted, shape, setting, losing));
    }
    steps.extend(confirmations(shape));
    TopicPlan {
        topic: spec.name.clone(),
        partitions: shape.partitions,
        replication: shape.replication,
        keeps: keeps(
            shape
                .config
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        ),
        steps,
    }
}

fn partitions(wanted: &Wanted, shape: &TopicShape) -> Option<Step> {
    let (have, usual) = (shape.partitions, wanted.spec.partitions);
    let Some(want) = wanted.partitions else {
        return (have != usual && !wanted.dead_letters).then(|| Step::Leave {
            what: format!("{have} partitions, where {usual} are usual"),
            why: "any number does, as long as it stays".to_owned(),
        });
    };
    let refuse = |why: &str| {
        Some(Step::Refuse {
            what: format!("partitions: {have} -> {want}"),
            why: why.to_owned(),
        })
    };
    match want.cmp(&have) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less if shape.written => refuse(
            "Kafka takes no partitions away. A topic of a new version is the way \
             (docs/operations.md, \"Topics\")",
        ),
        std::cmp::Ordering::Less => refuse(
            "Kafka takes no partitions away. Nothing was ever written to it: delete it, then \
             apply makes it anew",
        ),
        std::cmp::Ordering::Greater if shape.written => refuse(
            "a key's new records would go to another partition than its old ones, and be handled before \
             them. A topic of a new version is the way (docs/operations.md, \"Topics\")",
        ),
        std::cmp::Ordering::Greater => Some(Step::AddPartitions {
            from: have,
            to: want,
        }),
    }
}

fn replication(shape: &TopicShape, wishes: &Wishes) -> Option<Step> {
    let (have, want) = (shape.replication, wishes.replication?);
    let what = format!("each record on {want} brokers, where it is {have}");
    match want.cmp(&have) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(Step::Leave {
            what,
            why: "more is safer".to_owned(),
        }),
        std::cmp::Ordering::Greater => Some(Step::Refuse {
            what,
            why: "records are copied by moving partitions, which this command does not do: \
                  kafka-reassign-partitions.sh does, or Cruise Control; then apply again"
                .to_owned(),
        }),
    }
}

fn policy(wanted: &Wanted, shape: &TopicShape, losing: bool) -> Option<Step> {
    let (from, to) = differing(wanted, shape, POLICY)?;
    let compacts = |policy: &str| policy.contains("compact");
    let deletes = |policy: &str| policy.contains("delete");
    let for_ever = RETENTION
        .iter()
        .all(|name| of(wanted, name).is_none_or(|value| value == "-1"));
    let loses_old_ones = compacts(&to) && !compacts(&from);
    let loses_by_age = deletes(&to) && !deletes(&from) && !for_ever;
    if (loses_old_ones || loses_by_age) && !losing {
        let topic = &wanted.spec.name;
        let lost = if loses_old_ones {
            "all but the newest record of each key would be deleted"
        } else {
            "records would be deleted by their age"
        };
        return Some(Step::Refuse {
            what: format!("{POLICY}: {from} -> {to}"),
            why: format!("{lost}. If that is intended, pass --even-losing {topic}"),
        });
    }
    Some(set(POLICY, from, to))
}

fn retention(wanted: &Wanted, shape: &TopicShape, setting: &str, losing: bool) -> Option<Step> {
    let (from, to) = differing(wanted, shape, setting)?;
    let limit = |text: &str| text.parse().ok().filter(|limit: &i64| *limit >= 0);
    let shorter = match (limit(&from), limit(&to)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(have), Some(want)) => want < have,
    };
    if shorter && !losing {
        let topic = &wanted.spec.name;
        return Some(Step::Leave {
            what: format!("{setting} is {from}, where {to} would do"),
            why: format!(
                "less would delete records; if that is intended, pass --even-losing {topic}"
            ),
        });
    }
    Some(set(setting, from, to))
}

/// How many brokers have to confirm a record: all but one, so that losing any one broker loses no
/// record that was confirmed, and stops nobody where there are three or more.
fn confirmations(shape: &TopicShape) -> Option<Step> {
    let from = shape.config.get(IN_SYNC)?;
    let (have, want) = (from.parse::<i32>().ok()?, in_sync(shape.replication));
    // More than there are copies: nothing can be written at all.
    let wrong = have < want || have > shape.replication;
    wrong.then(|| set(IN_SYNC, from.clone(), want.to_string()))
}

fn in_sync(replication: i32) -> i32 {
    replication.saturating_sub(1).max(1)
}

fn set(setting: &str, from: String, to: String) -> Step {
    let setting = setting.to_owned();
    Step::Set { setting, from, to }
}

fn of<'a>(wanted: &'a Wanted, setting: &str) -> Option<&'a str> {
    let mut config = wanted.spec.config.iter();
    config
        .find(|(name, _)| *name == setting)
        .map(|(_, value)| value.as_str())
}

/// What the setting is and should be, if it is not that.
fn differing(wanted: &Wanted, shape: &TopicShape, setting: &str) -> Option<(String, String)> {
    let want = of(wanted, setting)?;
    let have = shape.config.get(setting).map_or("", String::as_str);
    (have != want).then(|| (have.to_owned(), want.to_owned()))
}

fn keeps<'a>(config: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    let ours = config.filter(|(name, _)| *name == POLICY || RETENTION.contains(name));
    ours.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests;
