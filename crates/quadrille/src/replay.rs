//! `quadrille replay`: a service handles a topic's records again, from an earlier place on.
//!
//! Nothing that is right changes by it: handlers drop what they have seen. It is for what was
//! not right: a handler that was mended, a database that lost something.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Args;
use jiff::Timestamp;
use outbox::InboxStore;
use outbox::mongo::MongoDatabase;
use outbox::replay::{Replay, ReplayPlan, ReplayProgress, ReplayStart, ReplayStep};
use outbox::source::Assigned;
use serde::Serialize;

use crate::connection::ConnectionArgs;
use crate::progress::bar;
use crate::services;

/// What to replay.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The service that is to handle the records again
    #[arg(long)]
    service: String,
    /// The topic that they lie on, without the prefix
    #[arg(long)]
    topic: String,
    /// Where to begin: `earliest`, a time such as 2026-01-31T12:00:00Z, or an offset
    #[arg(
        long,
        value_name = "earliest|TIME|OFFSET",
        required_unless_present = "status"
    )]
    from: Option<From>,
    /// This partition only
    #[arg(long)]
    partition: Option<i32>,
    /// Come back at once instead of when everything is handled
    #[arg(long)]
    detach: bool,
    /// Begin nothing; show what the latest replay has come to
    #[arg(long, conflicts_with_all = ["from", "detach"])]
    status: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Where a replay begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Earliest,
    Time(Timestamp),
    Offset(i64),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "earliest" {
            return Ok(Self::Earliest);
        }
        if let Ok(offset) = text.parse() {
            return Ok(Self::Offset(offset));
        }
        text.parse().map(Self::Time).map_err(|_| {
            "write `earliest`, a time with its zone such as 2026-01-31T12:00:00Z, or an offset"
                .to_owned()
        })
    }
}

/// What a replay came to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    service: String,
    topic: String,
    partitions: Vec<Part>,
    /// Whether everything is handled again.
    finished: bool,
    /// Whether the service was seen to work on it; absent when nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<bool>,
    /// Records that changed something.
    applied: u64,
    /// Records that were dropped as seen before.
    duplicates: u64,
    /// Records that were set aside.
    parked: u64,
    /// Records of a type that the service does not listen to.
    passed_over: u64,
}

/// A partition of a replay.
#[derive(Debug, Serialize)]
struct Part {
    partition: i32,
    from: i64,
    to: i64,
    next: i64,
}

/// Begins a replay and waits for its end.
///
/// # Errors
/// When it would not be safe, with the reason; nothing is changed then.
pub(crate) async fn run(args: &ReplayArgs) -> anyhow::Result<()> {
    let service = services::consuming(&args.service, &args.topic)?;
    let database = args.connection.database(service.name()).await?;
    let replay = Replay::new(
        database.clone(),
        service.name(),
        services::consumed(service),
    );
    let Some(from) = args.from else {
        let progress = replay.progress(&args.topic).await?;
        ensure!(
            !progress.is_empty(),
            "{} was never replayed for {}",
            args.topic,
            args.service
        );
        return args.show(&args.outcome(&progress));
    };
    let reader = args.connection.topics()?;
    let ends = reader.ends(&args.topic).await?;
    if let Some(partition) = args.partition {
        ensure!(
            ends.iter().any(|end| end.at.partition == partition),
            "{} has no partition {partition}; it has 0 to {}",
            args.topic,
            ends.len() - 1
        );
    }
    let start = match from {
        From::Time(time) => {
            ReplayStart::Since(args.chosen(reader.offsets_at(&args.topic, time).await?))
        }
        From::Offset(offset) => ReplayStart::Offsets(args.everywhere(&ends, |_| offset)),
        From::Earliest if args.partition.is_none() => ReplayStart::Earliest,
        From::Earliest => ReplayStart::Offsets(args.everywhere(&ends, |end| end.low)),
    };
    let plan = replay
        .plan(&args.topic, reader.ends(&args.topic), &start)
        .await?;
    if plan.steps.is_empty() {
        if !args.json {
            println!(
                "There is nothing to handle again: {} has not come further than that.",
                args.service
            );
        }
        let outcome = Outcome {
            finished: true,
            ..args.outcome(&[])
        };
        return if args.json {
            args.show(&outcome)
        } else {
            Ok(())
        };
    }
    if !args.json {
        describe(&plan);
    }
    replay.begin(&plan).await?;
    if args.detach {
        let outcome = args.outcome(&progress_of(&replay, &plan).await?);
        if args.json {
            return args.show(&outcome);
        }
        println!("It has begun; --status shows how far it has come.");
        return Ok(());
    }
    let outcome = args.follow(&replay, &database, &plan).await?;
    args.show(&outcome)
}

/// How often to look.
const POLL: Duration = Duration::from_millis(150);
/// After how long a service that has not claimed its partitions is taken not to run. One that
/// is idle looks twice a second.
const SILENCE: Duration = Duration::from_secs(6);

impl ReplayArgs {
    fn chosen(&self, offsets: BTreeMap<i32, i64>) -> BTreeMap<i32, i64> {
        let wanted = |partition: &i32| self.partition.is_none_or(|only| only == *partition);
        offsets
            .into_iter()
            .filter(|(partition, _)| wanted(partition))
            .collect()
    }

    fn everywhere(
        &self,
        ends: &[Assigned],
        offset: impl Fn(&Assigned) -> i64,
    ) -> BTreeMap<i32, i64> {
        let all = ends.iter().map(|end| (end.at.partition, offset(end)));
        self.chosen(all.collect())
    }

    /// Shows the progress until it is finished, or until it is clear that nobody works on it.
    async fn follow(
        &self,
        replay: &Replay<MongoDatabase>,
        database: &MongoDatabase,
        plan: &ReplayPlan,
    ) -> anyhow::Result<Outcome> {
        let total: i64 = plan.steps.iter().map(|step| step.to - step.from).sum();
        let shown = bar("handled again", total.unsigned_abs());
        let epochs = epochs(database, &self.service, plan).await?;
        let (began, mut running) = (Instant::now(), false);
        loop {
            let progress = progress_of(replay, plan).await?;
            let left: i64 = progress.iter().map(ReplayProgress::left).sum();
            shown.set_position((total - left).unsigned_abs());
            if left == 0 {
                shown.finish_and_clear();
                return Ok(Outcome {
                    running: Some(true),
                    ..self.outcome(&progress)
                });
            }
            running |= self::epochs(database, &self.service, plan).await? != epochs;
            if !running && began.elapsed() > SILENCE {
                shown.finish_and_clear();
                if !self.json {
                    println!(
                        "{} does not run, or can't reach MongoDB or Kafka: it begins the replay when it \
                         starts. --status shows how far it has come.",
                        self.service
                    );
                }
                return Ok(Outcome {
                    running: Some(false),
                    ..self.outcome(&progress)
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn outcome(&self, progress: &[ReplayProgress]) -> Outcome {
        let mut outcome = Outcome {
            service: self.service.clone(),
            topic: self.topic.clone(),
            finished: progress.iter().all(ReplayProgress::finished),
            ..Outcome::default()
        };
        for part in progress {
            let state = &part.state;
            outcome.partitions.push(Part {
                partition: part.at.partition,
                from: state.from,
                to: state.to,
                next: part.next,
            });
            outcome.applied += state.counts.applied;
            outcome.duplicates += state.counts.duplicates;
            outcome.parked += state.counts.dead_lettered;
            outcome.passed_over += state.counts.passed_over;
        }
        outcome
    }

    fn show(&self, outcome: &Outcome) -> anyhow::Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(outcome)?);
            return Ok(());
        }
        if self.status {
            for part in &outcome.partitions {
                println!(
                    "{}/{:<3} from {} to {}, now at {}",
                    outcome.topic, part.partition, part.from, part.to, part.next
                );
            }
        }
        println!(
            "{}",
            if outcome.finished {
                "Finished."
            } else {
                "Not finished."
            }
        );
        println!("new         {:>10}", outcome.applied);
        println!("duplicate   {:>10}", outcome.duplicates);
        println!("dead letter {:>10}", outcome.parked);
        println!("skipped     {:>10}", outcome.passed_over);
        Ok(())
    }
}

fn describe(plan: &ReplayPlan) {
    for ReplayStep { at, from, to } in &plan.steps {
        println!("{at}: from {from} to {to}");
    }
}

async fn progress_of(
    replay: &Replay<MongoDatabase>,
    plan: &ReplayPlan,
) -> anyhow::Result<Vec<ReplayProgress>> {
    let mut progress = replay.progress(&plan.topic).await?;
    progress.retain(|part| plan.steps.iter().any(|step| step.at == part.at));
    Ok(progress)
}

/// The epochs of the plan's checkpoints: they rise when the service claims its partitions.
async fn epochs(
    database: &MongoDatabase,
    group: &str,
    plan: &ReplayPlan,
) -> anyhow::Result<BTreeMap<i32, i64>> {
    let claims = database.checkpoints(group).await?;
    let ours = claims
        .into_iter()
        .filter(|claim| plan.steps.iter().any(|step| step.at == claim.at));
    Ok(ours
        .map(|claim| (claim.at.partition, claim.epoch))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_position_is_parsed() {
        assert_eq!("earliest".parse(), Ok(From::Earliest));
        assert_eq!("17".parse(), Ok(From::Offset(17)));
        assert_eq!(
            "2026-01-31T12:00:00Z".parse(),
            Ok(From::Time("2026-01-31T12:00:00Z".parse().unwrap()))
        );
        for wrong in ["latest", "yesterday", "2026-01-31"] {
            let refusal = wrong.parse::<From>().unwrap_err();
            assert!(
                refusal.contains("earliest") && refusal.contains("offset"),
                "{refusal}"
            );
        }
    }
}
