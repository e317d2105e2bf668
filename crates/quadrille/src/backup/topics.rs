//! Where a backup stands in the topics of today.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use bson::{Bson, RawDocumentBuf};
use outbox::kafka::TopicReader;

use super::manifest::{Ends, Manifest, Mark};

/// The place that a document of `checkpoints` names.
///
/// # Errors
/// When it is not one.
pub(super) fn checkpoint(document: &RawDocumentBuf) -> anyhow::Result<Mark> {
    let document = bson::Document::try_from(document.as_ref())?;
    mark(&document).context("a document of checkpoints can't be read")
}

/// The places that a document of `own_topics` names.
///
/// # Errors
/// When they are not.
pub(super) fn own_ends(document: &RawDocumentBuf) -> anyhow::Result<Vec<Mark>> {
    let document = bson::Document::try_from(document.as_ref())?;
    let ends = document.get_array("ends")?.iter();
    let marks: Option<Vec<Mark>> = ends.map(|end| mark(end.as_document()?)).collect();
    marks.context("the document of own_topics can't be read")
}

fn mark(document: &bson::Document) -> Option<Mark> {
    let next = match document.get("next")? {
        Bson::Int64(next) => *next,
        Bson::Int32(next) => i64::from(*next),
        _ => return None,
    };
    Some(Mark {
        topic: document.get_str("topic").ok()?.to_owned(),
        partition: document.get_i32("partition").ok()?,
        next,
        topic_id: outbox::mongo::topic_id(document),
    })
}

/// What the topics of `marks` hold now.
///
/// # Errors
/// When one is not there or Kafka does not answer.
pub(super) async fn ends(reader: &TopicReader, marks: &[&Mark]) -> anyhow::Result<Vec<Ends>> {
    let topics: BTreeSet<&str> = marks.iter().map(|mark| mark.topic.as_str()).collect();
    let mut all = Vec::new();
    for topic in topics {
        let found = reader.ends(topic).await?;
        all.extend(found.into_iter().map(|end| Ends {
            topic: end.at.topic,
            partition: end.at.partition,
            low: end.low,
            high: end.high,
            topic_id: end.topic_id,
        }));
    }
    Ok(all)
}

/// What a restored service has before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ahead {
    /// Records of its own topics that it takes back, by topic.
    pub(super) own: BTreeMap<String, i64>,
    /// Records that it consumes, by topic.
    pub(super) heard: BTreeMap<String, i64>,
}

/// Holds a backup against what the topics hold today.
///
/// # Errors
/// When they are not the topics that the database has read, or records are gone that it has not.
pub(super) fn compare(manifest: &Manifest, today: &[Ends]) -> anyhow::Result<Ahead> {
    let mut ahead = Ahead::default();
    for (marks, into, own) in [
        (&manifest.own_topics, &mut ahead.own, true),
        (&manifest.checkpoints, &mut ahead.heard, false),
    ] {
        for mark in marks {
            let (topic, partition, next) = (&mark.topic, mark.partition, mark.next);
            let of_mark = |end: &&Ends| end.topic == *topic && end.partition == partition;
            let end = today
                .iter()
                .find(of_mark)
                .with_context(|| format!("{topic} has no partition {partition} any more"))?;
            // A checkpoint of a build before ids has none, but the backup may have asked Kafka.
            let mut at_backup = manifest.topic_ends.iter().flatten();
            let at_backup = at_backup.find(of_mark).and_then(|end| end.topic_id);
            let ids = mark.topic_id.or(at_backup).zip(end.topic_id);
            ensure!(
                ids.is_none_or(|(read, now)| read == now),
                "the backup stands in another topic of the name {topic}, which was deleted and recreated \
                 since, or in another cluster's. Name the right Kafka and --topic-prefix, or begin with an \
                 empty database, which is made from the topics"
            );
            ensure!(
                next <= end.high,
                "the backup stands at offset {next} of {topic}/{partition}, but that ends at {}: it \
                 is not the topic that this database has read, or it was restored from an older \
                 state itself. Name the right Kafka and --topic-prefix",
                end.high
            );
            ensure!(
                own || next >= end.low,
                "the backup is to go on at offset {next} of {topic}/{partition}, but that begins at \
                 {}: records are gone that it has not handled. Take a newer backup, or begin with \
                 an empty database, which is made from the topics",
                end.low
            );
            *into.entry(topic.clone()).or_default() += end.high - next.max(end.low);
        }
    }
    Ok(ahead)
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn at(topic: &str, next: i64) -> Mark {
        Mark {
            topic: topic.to_owned(),
            partition: 0,
            next,
            topic_id: None,
        }
    }

    fn manifest(heard: i64, own: i64) -> Manifest {
        Manifest {
            format: 1,
            quadrille: String::new(),
            service: "orders".to_owned(),
            database: "orders".to_owned(),
            read_at: Timestamp::UNIX_EPOCH,
            tables: Vec::new(),
            checkpoints: vec![at("heard", heard)],
            own_topics: vec![at("own", own)],
            topic_ends: None,
        }
    }

    fn today(low: i64, high: i64) -> Vec<Ends> {
        ["heard", "own"]
            .map(|topic| Ends {
                topic: topic.to_owned(),
                partition: 0,
                low,
                high,
                topic_id: Some(Uuid::from_u128(1)),
            })
            .to_vec()
    }

    #[test]
    fn what_came_since_is_counted() {
        let ahead = compare(&manifest(5, 7), &today(0, 10)).unwrap();
        assert_eq!((ahead.heard["heard"], ahead.own["own"]), (5, 3));
        // Of its own topic it only reads what is there.
        let ahead = compare(&manifest(9, 2), &today(8, 10)).unwrap();
        assert_eq!((ahead.heard["heard"], ahead.own["own"]), (1, 2));
    }

    #[test]
    fn other_topics_and_lost_records_are_refused() {
        let refused = |heard, own, low, high| {
            let error = compare(&manifest(heard, own), &today(low, high)).unwrap_err();
            error.to_string()
        };
        assert!(refused(11, 7, 0, 10).contains("heard/0, but that ends at 10"));
        assert!(refused(5, 11, 0, 10).contains("own/0, but that ends at 10"));
        assert!(refused(5, 7, 6, 10).contains("heard/0, but that begins at 6"));
        let mut other = manifest(5, 7);
        other.checkpoints[0].topic_id = Some(Uuid::from_u128(2));
        let error = compare(&other, &today(0, 10)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("another topic of the name heard")
        );
        let mut other = manifest(5, 7);
        let mut then = today(0, 10);
        other.topic_ends = Some(then.clone());
        assert!(compare(&other, &today(0, 10)).is_ok());
        then[1].topic_id = Some(Uuid::from_u128(2));
        other.topic_ends = Some(then);
        let error = compare(&other, &today(0, 10)).unwrap_err();
        assert!(error.to_string().contains("another topic of the name own"));
        let error = compare(&manifest(5, 7), &today(0, 10)[..1]).unwrap_err();
        assert!(error.to_string().contains("own has no partition 0"));
    }

    #[test]
    fn places_are_read_from_the_tables_documents() {
        let document = rawdoc! { "_id": "x", "group": "orders", "topic": "heard", "partition": 0,
        "epoch": 3_i64, "next": 9_i64 };
        assert_eq!(checkpoint(&document).unwrap(), at("heard", 9));
        let document = rawdoc! { "_id": "orders", "number": 1_i64,
        "ends": [{ "topic": "own", "partition": 0, "next": 4_i64 }] };
        assert_eq!(own_ends(&document).unwrap(), [at("own", 4)]);
        let id = bson::Binary::from(bson::Uuid::from(Uuid::from_u128(9)));
        let document = rawdoc! { "topic": "heard", "partition": 0, "next": 9_i64, "topic_id": id };
        let read = checkpoint(&document).unwrap();
        assert_eq!(read.topic_id, Some(Uuid::from_u128(9)));
        assert!(checkpoint(&rawdoc! { "topic": "heard" }).is_err());
    }
}
