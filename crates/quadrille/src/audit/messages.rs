//! What is under way or set aside: outboxes, dead letters, checkpoints.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use outbox::kafka::TopicReader;
use outbox::mongo::MongoDatabase;
use outbox::source::Assigned;
use outbox::{DeadLetterStore, InboxStore, OutboxStore};

use super::findings::{Check, Findings};
use crate::services;
use quadrille::SERVICES;

/// The most dead letters that are asked for by name.
const DEAD_LETTERS: usize = 100;

/// A service's database by the service's name.
pub(super) type Databases = BTreeMap<&'static str, MongoDatabase>;

/// Whether anything waits to be published.
pub(super) async fn outboxes(databases: &Databases, findings: &mut Findings) -> anyhow::Result<()> {
    let mut check = Check::new(
        "outboxes-empty",
        "outboxes",
        "everything that happened is published",
    );
    for (service, database) in databases {
        check.looked_at += 1;
        let backlog = database.backlog().await?;
        findings.outbox_records += backlog.records;
        if backlog.records > 0 {
            let since = backlog.oldest.map(|at| format!(", the oldest since {at}"));
            check.off(|| {
                format!(
                    "{service}: {} outbox records are not published{}",
                    backlog.records,
                    since.unwrap_or_default()
                )
            });
        }
    }
    findings.add(check);
    Ok(())
}

/// Whether there are dead letters.
pub(super) async fn parked(databases: &Databases, findings: &mut Findings) -> anyhow::Result<()> {
    let mut check = Check::new("no-dead-letters", "services", "there are no dead letters");
    for service in SERVICES {
        let Some(database) = databases.get(service.name()) else {
            continue;
        };
        check.looked_at += 1;
        findings.parked += database.count_dead_letters(service.name()).await?;
        let filter = outbox::dead_letter::DeadLetterFilter {
            limit: DEAD_LETTERS,
            ..Default::default()
        };
        for view in database.lines(service.name(), &filter).await? {
            let dead_letter = &view.dead_letter;
            let key = dead_letter.record.key.as_deref().unwrap_or("no key");
            check.off(|| {
                format!(
                    "dead letter {} ({key}) since {}: {}; {} wait behind it",
                    dead_letter.id(),
                    dead_letter.dead_lettered_at,
                    dead_letter.reason,
                    view.waiting
                )
            });
        }
    }
    findings.add(check);
    Ok(())
}

/// The rule that needs to know what the topics hold.
pub(super) fn caught_up_rule() -> Check {
    Check::new(
        "caught-up",
        "checkpoints",
        "each service has handled every record",
    )
}

/// Whether each service has handled all that it consumes.
pub(super) async fn caught_up(
    databases: &Databases,
    topics: &TopicReader,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let mut claims = BTreeMap::new();
    for service in SERVICES {
        if let Some(database) = databases.get(service.name()) {
            claims.insert(service.name(), database.checkpoints(service.name()).await?);
        }
    }
    // After the checkpoints: a service at work never stands beyond an end that is read later.
    let ends = ends(topics).await?;
    let mut check = caught_up_rule();
    for service in SERVICES {
        let Some(claims) = claims.get(service.name()) else {
            continue;
        };
        let heard = services::consumed(*service);
        for end in heard.iter().filter_map(|topic| ends.get(topic)).flatten() {
            check.looked_at += 1;
            let found = claims.iter().find(|claim| claim.at == end.at);
            let next = found.map_or(end.low, |claim| claim.next);
            let (name, at) = (service.name(), &end.at);
            if found.is_some_and(|claim| !end.is_of(claim.topic_id)) {
                check.off(|| {
                    format!(
                        "{name}: the checkpoint of {at} is of another topic of this name, which was \
                         deleted and recreated"
                    )
                });
            } else if next > end.high {
                check.off(|| {
                    format!(
                        "{name}: the checkpoint of {at} is {next}, but the topic ends at {}",
                        end.high
                    )
                });
            } else if next < end.low {
                check.off(|| {
                    format!(
                        "{name}: the checkpoint of {at} is {next}, but the topic begins at {}",
                        end.low
                    )
                });
            } else if next < end.high && holds_records(topics, end, next).await? {
                let behind = end.high - next;
                findings.lag += behind.unsigned_abs();
                check.off(|| format!("{name}: {behind} records of {at} are not handled"));
            }
        }
    }
    findings.add(check);
    Ok(())
}

/// Whether a record lies between `next` and the partition's end. Not each offset is one of a record:
/// the end of a transaction takes one, too, and compaction leaves gaps.
async fn holds_records(topics: &TopicReader, end: &Assigned, next: i64) -> anyhow::Result<bool> {
    let (from, to) = ([(end.at.partition, next)], [(end.at.partition, end.high)]);
    let mut records = topics.read(&end.at.topic, &from.into(), &to.into());
    Ok(records.try_next().await?.is_some())
}

/// What each topic holds now.
pub(super) async fn ends(
    topics: &TopicReader,
) -> anyhow::Result<BTreeMap<&'static str, Vec<Assigned>>> {
    let mut ends = BTreeMap::new();
    for topic in events::topics::ALL {
        ends.insert(topic.name, topics.ends(topic.name).await?);
    }
    Ok(ends)
}
