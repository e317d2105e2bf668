//! `quadrille topics`: the cluster's topics, compared with what the shop needs and made so.
//!
//! [`wanted`] says what the shop needs, [`plan`] decides from that and from what is there, and
//! here it is asked, shown and done. A plan in which anything is refused is not done at all.

mod plan;
mod show;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use outbox::kafka::{KafkaAdmin, KafkaOptions, TopicSpec};

use self::plan::{Cluster, Plan, Step, decide};
use self::wanted::{Wanted, Wishes};
use crate::connection::ConnectionArgs;

/// What can be done with topics.
#[derive(Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    /// Show every difference between the cluster's topics and what the shop needs; exit status 1
    /// if there is one
    Plan(TopicsArgs),
    /// Make what is missing and change what can be changed without harm, after showing it
    Apply {
        /// What and where.
        #[command(flatten)]
        args: TopicsArgs,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

/// What is wanted, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct TopicsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// How many partitions a topic is to have, such as orders.order.v1=12; may be given several times
    /// [default: as many as it has; 6, or 3 for products, when it is made]
    #[arg(long, value_name = "TOPIC=COUNT", value_parser = wanted::partitions)]
    partitions: Vec<(String, i32)>,
    /// On how many brokers each record is to lie; -1 is the cluster's default
    #[arg(
        long, env = "QUADRILLE_TOPIC_REPLICATION", value_name = "BROKERS", default_value = "-1",
        allow_hyphen_values = true, value_parser = wanted::replication
    )]
    replication: i32,
    /// A topic of which records may be lost by what is changed
    #[arg(long, value_name = "TOPIC")]
    even_losing: Vec<String>,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

/// How long the cluster may take to tell all its brokers of a change.
const NEWS: Duration = Duration::from_secs(20);

/// Does what `command` says and prints it; `false` when something differs that was not put right.
///
/// # Errors
/// When a topic is unknown to the shop, or the cluster does not answer or refuses.
pub(crate) async fn run(command: &TopicsCommand) -> anyhow::Result<bool> {
    match command {
        TopicsCommand::Plan(args) => {
            let plan = Work::new(args)?.plan().await?;
            print(&plan, args)?;
            Ok(plan.is_fulfilled() && !plan.is_refused())
        }
        TopicsCommand::Apply { args, yes } => apply(args, *yes).await,
    }
}

async fn apply(args: &TopicsArgs, yes: bool) -> anyhow::Result<bool> {
    let work = Work::new(args)?;
    let plan = work.plan().await?;
    print(&plan, args)?;
    if plan.is_refused() {
        eprintln!("Nothing was changed, because something above is refused.");
        return Ok(false);
    }
    if plan.is_fulfilled() {
        return Ok(true);
    }
    if !yes && !agreed()? {
        eprintln!("Nothing was changed.");
        return Ok(false);
    }
    work.carry_out(&plan).await?;
    work.see_it_done().await?;
    if !args.json {
        println!("Done: the topics are as the shop needs them.");
    }
    Ok(true)
}

struct Work {
    admin: KafkaAdmin,
    options: KafkaOptions,
    wanted: Vec<Wanted>,
    wishes: Wishes,
}

impl Work {
    fn new(args: &TopicsArgs) -> anyhow::Result<Self> {
        let wishes = Wishes {
            partitions: args.partitions.iter().cloned().collect(),
            replication: (args.replication > 0).then_some(args.replication),
            losing: args.even_losing.iter().cloned().collect::<BTreeSet<_>>(),
        };
        let wanted = wanted::all(&wishes)?;
        let options = args.connection.kafka()?;
        Ok(Self {
            admin: KafkaAdmin::new(&options)?,
            options,
            wanted,
            wishes,
        })
    }

    async fn plan(&self) -> anyhow::Result<Plan> {
        let at = || format!("Kafka at {}", self.options.brokers);
        let brokers = self.admin.brokers().await.with_context(at)?;
        let mut topics = BTreeMap::new();
        for wanted in &self.wanted {
            let name = &wanted.spec.name;
            if let Some(shape) = self.admin.topic(name).await.with_context(at)? {
                topics.insert(name.clone(), shape);
            }
        }
        let cluster = Cluster { brokers, topics };
        Ok(decide(&self.wanted, &cluster, &self.wishes).at(&self.options))
    }

    async fn carry_out(&self, plan: &Plan) -> anyhow::Result<()> {
        for topic in &plan.topics {
            let name = &topic.topic;
            let mut settings = Vec::new();
            for step in &topic.steps {
                match step {
                    Step::Make {
                        partitions,
                        replication,
                        config,
                    } => {
                        let spec = TopicSpec {
                            name: name.clone(),
                            partitions: *partitions,
                            replication: *replication,
                            config: config.clone(),
                        };
                        let made = self.admin.ensure_topics(&[spec]).await;
                        made.with_context(|| format!("the topic {name} can't be created"))?;
                    }
                    Step::AddPartitions { to, .. } => {
                        let total = usize::try_from(*to)?;
                        self.admin.add_partitions(name, total).await?;
                    }
                    Step::Set { setting, to, .. } => settings.push((setting.clone(), to.clone())),
                    Step::Leave { .. } | Step::Refuse { .. } => {}
                }
            }
            if !settings.is_empty() {
                self.admin.configure(name, &settings).await?;
            }
        }
        Ok(())
    }

    /// Brokers learn of a change one after the other.
    async fn see_it_done(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let left = self.plan().await;
            match left {
                Ok(plan) if plan.is_fulfilled() => return Ok(()),
                Ok(plan) if began.elapsed() > NEWS => {
                    bail!(
                        "the cluster took the changes, but still shows others after {NEWS:?}:\n{plan}"
                    )
                }
                Err(error) if began.elapsed() > NEWS => return Err(error),
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

fn print(plan: &Plan, args: &TopicsArgs) -> anyhow::Result<()> {
    if args.json {
        println!("{}", serde_json::to_string_pretty(plan)?);
    } else {
        print!("{plan}");
    }
    Ok(())
}

/// Whether a person says yes.
fn agreed() -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!(
            "there is no terminal to ask for confirmation, and nothing was changed: pass --yes to do it"
        );
    }
    eprint!("Do it? Type yes: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    Ok(line.trim() == "yes")
}
