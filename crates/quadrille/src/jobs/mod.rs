//! `quadrille jobs`: what services have still to do, and what becomes of it.

mod view;

use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use outbox::jobs::{JobAdmin, JobFilter, JobState};
use outbox::mongo::MongoDatabase;
use outbox::{JobId, SystemClock};
use serde_json::{Value, json};

use self::view::{action_json, action_text, detail_text, job_json, job_text};
use crate::connection::ConnectionArgs;
use crate::dead_letters::{chosen, who};
use crate::services;

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List dead jobs, or those that wait or run
    List(ListArgs),
    /// Show one job whole, also one that has ended
    Show(ShowArgs),
    /// Have a job that failed tried again now
    Retry(RetryArgs),
    /// Give a job up that has not ended
    Discard(DiscardArgs),
    /// List what was retried and discarded, by whom and why
    Actions(ActionsArgs),
}

/// Which jobs.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Of this service only
    #[arg(long)]
    service: Option<String>,
    /// In this state: dead, waiting or running
    #[arg(long, default_value = "dead")]
    state: String,
    /// Of this name only
    #[arg(long)]
    name: Option<String>,
    /// The most jobs to list of each service
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// One job.
#[derive(Debug, Clone, Args)]
pub(crate) struct OneJob {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The service whose job it is
    #[arg(long)]
    service: String,
    /// The job's id, as `list` names it
    job: String,
}

impl OneJob {
    fn id(&self) -> JobId {
        JobId::from(self.job.clone())
    }

    async fn admin(&self) -> anyhow::Result<JobAdmin<MongoDatabase>> {
        let service = services::named(&self.service)?;
        admin(&self.connection, service.name()).await
    }
}

/// Which job.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    one: OneJob,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Which job, and who wants it.
#[derive(Debug, Clone, Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    one: OneJob,
    /// Why it should work now; kept with the record of it
    #[arg(long, default_value = "")]
    reason: String,
    /// Who wants it [default: the user that is logged in here]
    #[arg(long)]
    who: Option<String>,
}

/// Which job, who wants it, and why.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiscardArgs {
    #[command(flatten)]
    one: OneJob,
    /// Why it is given up; kept with the record of it
    #[arg(long)]
    reason: String,
    /// Who wants it [default: the user that is logged in here]
    #[arg(long)]
    who: Option<String>,
}

/// Which actions.
#[derive(Debug, Clone, Args)]
pub(crate) struct ActionsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Of this service only
    #[arg(long)]
    service: Option<String>,
    /// The most actions to list of each service
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

async fn admin(
    connection: &ConnectionArgs,
    service: &str,
) -> anyhow::Result<JobAdmin<MongoDatabase>> {
    let database = connection.database(service).await?;
    Ok(JobAdmin::new(database, Arc::new(SystemClock)))
}

/// Does it.
///
/// # Errors
/// When there is no such job, or it is in a state in which this can't be done.
pub(crate) async fn run(command: &JobsCommand) -> anyhow::Result<()> {
    match command {
        JobsCommand::List(args) => list(args).await?,
        JobsCommand::Show(args) => {
            let job = args.one.admin().await?.show(&args.one.id()).await?;
            if args.json {
                println!("{:#}", job_json(&args.one.service, &job));
            } else {
                print!("{}", detail_text(&args.one.service, &job));
            }
        }
        JobsCommand::Retry(RetryArgs {
            one,
            reason,
            who: by,
        }) => {
            let by = who(by.as_deref());
            one.admin().await?.retry(&one.id(), &by, reason).await?;
            println!("{}: due now", one.job);
        }
        JobsCommand::Discard(DiscardArgs {
            one,
            reason,
            who: by,
        }) => {
            let by = who(by.as_deref());
            one.admin().await?.discard(&one.id(), &by, reason).await?;
            println!("{}: discarded", one.job);
        }
        JobsCommand::Actions(args) => actions(args).await?,
    }
    Ok(())
}

async fn list(args: &ListArgs) -> anyhow::Result<()> {
    let open = JobState::OPEN.map(JobState::name).join(", ");
    let state = JobState::named(&args.state).with_context(|| {
        format!(
            "no state is called {:?}; jobs are listed by {open}",
            args.state
        )
    })?;
    ensure!(
        !state.has_ended(),
        "a job that is {} is found by its id: `quadrille jobs show`; jobs are listed by {open}",
        state.name()
    );
    let filter = JobFilter {
        name: args.name.clone(),
        limit: args.limit,
        ..JobFilter::of(state)
    };
    let mut all = Vec::new();
    for service in chosen(args.service.as_ref())? {
        let name = service.name();
        let found = admin(&args.connection, name).await?.list(&filter).await?;
        all.extend(found.into_iter().map(|job| (name, job)));
    }
    if args.json {
        let all: Vec<Value> = all.iter().map(|(of, job)| job_json(of, job)).collect();
        println!("{:#}", json!(all));
    } else if all.is_empty() {
        println!("No job is {}.", state.name());
    } else {
        for (of, job) in &all {
            print!("{}", job_text(of, job));
        }
    }
    Ok(())
}

async fn actions(args: &ActionsArgs) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for service in chosen(args.service.as_ref())? {
        let name = service.name();
        let done = admin(&args.connection, name)
            .await?
            .actions(args.limit)
            .await?;
        all.extend(done.into_iter().map(|action| (name, action)));
    }
    if args.json {
        let all: Vec<Value> = all.iter().map(|(of, one)| action_json(of, one)).collect();
        println!("{:#}", json!(all));
    } else if all.is_empty() {
        println!("Nothing was retried or discarded.");
    } else {
        for (of, action) in &all {
            println!("{}", action_text(of, action));
        }
    }
    Ok(())
}
