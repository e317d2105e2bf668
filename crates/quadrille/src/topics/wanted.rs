//! What the shop needs, as its services' contracts and the operator say it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use events::topics;
use outbox::kafka::TopicSpec;

use quadrille::SERVICES;

/// What an operator wants otherwise than by default.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// How many partitions a topic is to have.
    pub(crate) partitions: BTreeMap<String, i32>,
    /// On how many brokers each record is to lie; `None` is the cluster's default.
    pub(crate) replication: Option<i32>,
    /// Topics of which records may be lost.
    pub(crate) losing: BTreeSet<String>,
}

/// A topic that the shop needs.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// How it is made; its partitions are the operator's where he named some.
    pub(crate) spec: TopicSpec,
    /// How many partitions it has to have, also if it is there; `None` when any will do.
    pub(crate) partitions: Option<i32>,
    /// Whether it is for dead letters, which may lie anyhow.
    pub(crate) dead_letters: bool,
}

/// Every topic that the shop needs, those for dead letters behind the one that they are of.
///
/// # Errors
/// When a wish names a topic that is none of the shop's.
pub(crate) fn all(wishes: &Wishes) -> anyhow::Result<Vec<Wanted>> {
    let mut specs: Vec<TopicSpec> = SERVICES
        .iter()
        .flat_map(|service| service.contract().topics())
        .collect();
    specs.sort_by(|one, other| one.name.cmp(&other.name));
    specs.dedup_by(|one, other| one.name == other.name);
    let keyed: Vec<&str> = topics::ALL.iter().map(|topic| topic.name).collect();
    for name in wishes.partitions.keys() {
        if !keyed.contains(&name.as_str()) {
            bail!(
                "--partitions: the shop has no topic {name:?}; it has: {} (a topic for dead letters is made \
                 with as many as the one that it is of)",
                keyed.join(", ")
            );
        }
    }
    for name in &wishes.losing {
        if !specs.iter().any(|spec| spec.name == *name) {
            let known: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
            bail!(
                "--even-losing: the shop has no topic {name:?}; it has: {}",
                known.join(", ")
            );
        }
    }
    let with_wishes = |mut spec: TopicSpec| {
        let partitions = wishes.partitions.get(&spec.name).copied();
        let of = keyed.iter().find(|name| spec.name.starts_with(**name));
        if let Some(count) = of.and_then(|name| wishes.partitions.get(*name)) {
            spec.partitions = *count;
        }
        Wanted {
            dead_letters: !keyed.contains(&spec.name.as_str()),
            partitions,
            spec,
        }
    };
    Ok(specs.into_iter().map(with_wishes).collect())
}

/// The most partitions that a topic can be asked to have here: far above what the shop needs, and
/// below what hurts a cluster.
const MOST: i32 = 1_000;

/// Reads `TOPIC=COUNT`.
///
/// # Errors
/// When it is something else.
pub(super) fn partitions(text: &str) -> Result<(String, i32), String> {
    let wrong =
        || format!("write TOPIC=COUNT with a count of 1 to {MOST}, such as orders.order.v1=12");
    let (topic, count) = text.split_once('=').ok_or_else(wrong)?;
    let count: i32 = count.parse().map_err(|_| wrong())?;
    if (1..=MOST).contains(&count) && !topic.is_empty() {
        Ok((topic.to_owned(), count))
    } else {
        Err(wrong())
    }
}

/// Reads a number of brokers.
///
/// # Errors
/// When it is something else.
pub(super) fn replication(text: &str) -> Result<i32, String> {
    match text.parse() {
        Ok(count) if count == -1 || (1..=i32::from(i16::MAX)).contains(&count) => Ok(count),
        _ => Err("write how many brokers, 1 or more, or -1 for the cluster's default".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_and_its_dead_letters_are_wanted() {
        let names: Vec<String> = all(&Wishes::default())
            .unwrap()
            .into_iter()
            .map(|wanted| wanted.spec.name)
            .collect();
        for topic in topics::ALL {
            assert!(names.iter().any(|name| name == topic.name), "{names:?}");
        }
        assert!(
            names
                .iter()
                .any(|name| name == "orders.order.v1.products.dlt"),
            "{names:?}"
        );
        let known = |name: &&String| {
            let mut all = topics::ALL.iter();
            all.any(|topic| **name == topic.name || name.starts_with(topic.name))
        };
        assert!(names.iter().all(|name| known(&name)), "{names:?}");
    }

    #[test]
    fn dead_letters_lie_as_wide_as_their_topic_when_they_are_made() {
        let wishes = Wishes {
            partitions: BTreeMap::from([("orders.order.v1".to_owned(), 12)]),
            ..Wishes::default()
        };
        let all = all(&wishes).unwrap();
        let of = |name: &str| all.iter().find(|wanted| wanted.spec.name == name).unwrap();
        assert_eq!(of("orders.order.v1").partitions, Some(12));
        assert_eq!(of("orders.order.v1.products.dlt").spec.partitions, 12);
        assert_eq!(of("orders.order.v1.products.dlt").partitions, None);
        assert_eq!(of("products.order-status.v1").spec.partitions, 6);
    }

    #[test]
    fn a_topic_of_nobody_is_refused_by_its_name() {
        let wishes = Wishes {
            partitions: BTreeMap::from([("orders.order".to_owned(), 12)]),
            ..Wishes::default()
        };
        let refused = all(&wishes).unwrap_err().to_string();
        assert!(
            refused.contains("\"orders.order\"") && refused.contains("orders.order.v1"),
            "{refused}"
        );
    }

    #[test]
    fn wishes_are_read() {
        assert_eq!(partitions("a.b=12"), Ok(("a.b".to_owned(), 12)));
        for wrong in ["a.b", "a.b=", "a.b=0", "=3", "a.b=many", "a.b=100000"] {
            assert!(partitions(wrong).is_err(), "{wrong}");
        }
        assert_eq!((replication("-1"), replication("3")), (Ok(-1), Ok(3)));
        for wrong in ["0", "-2", "three", "100000"] {
            assert!(replication(wrong).is_err(), "{wrong}");
        }
    }
}
