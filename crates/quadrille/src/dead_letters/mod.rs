//! `quadrille dead-letters`: messages that were set aside, and what becomes of them.

mod view;

use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use futures::FutureExt;
use futures::future::BoxFuture;
use host::Role;
use outbox::dead_letter::{
    DeadLetterAction, DeadLetterAdmin, DeadLetterFilter, DeadLetterView, Handled, Originals,
    Outcome,
};
use outbox::mongo::MongoDatabase;
use outbox::{DeadLetterStore, Record, StoreError, SystemClock, TopicPartition};
use quadrille::SERVICES;
use serde_json::{Value, json};

use self::view::{action_json, detail_json, detail_text, view_json, view_text};
use crate::connection::ConnectionArgs;
use crate::services;

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List dead letters: why, since when, and how many later messages of the key wait behind it
    List(ListArgs),
    /// Show one dead letter in full, and those that wait behind it
    Show(ShowArgs),
    /// Retry a dead letter, and then those that wait behind it
    Retry(RetryArgs),
    /// Discard a dead letter, and handle those that wait behind it
    Discard(DiscardArgs),
    /// List what was retried and discarded, by whom and why
    Actions(ActionsArgs),
}

/// Which dead letters.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Of this service only
    #[arg(long)]
    service: Option<String>,
    /// Of this topic only, without the prefix
    #[arg(long)]
    topic: Option<String>,
    /// Of this key only, such as an order's id
    #[arg(long)]
    key: Option<String>,
    /// The most dead letters to list of each service
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// Which dead letter.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The dead letter, as `list` names it
    dead_letter: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Which dead letter, and who wants it.
#[derive(Debug, Clone, Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The dead letter, as `list` names it
    dead_letter: String,
    /// Why it should work now; kept with the record of it
    #[arg(long, default_value = "")]
    reason: String,
    /// Who wants it [default: the user that is logged in here]
    #[arg(long)]
    who: Option<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// Which dead letter, who wants it, and why.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiscardArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The dead letter, as `list` names it
    dead_letter: String,
    /// Why it is given up; kept with the record of it
    #[arg(long)]
    reason: String,
    /// Who wants it [default: the user that is logged in here]
    #[arg(long)]
    who: Option<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
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

/// Does it; `false` when a dead letter failed again.
///
/// # Errors
/// When there is no such dead letter, or what is asked for would break the order of its key.
pub(crate) async fn run(command: &DeadLettersCommand) -> anyhow::Result<bool> {
    match command {
        DeadLettersCommand::List(args) => list(args).await?,
        DeadLettersCommand::Show(args) => {
            let admin = admin_of(&args.connection, &args.dead_letter).await?;
            let detail = admin.show(&args.dead_letter).await?;
            if args.json {
                println!("{}", serde_json::to_string_pretty(&detail_json(&detail))?);
            } else {
                print!("{}", detail_text(&detail));
            }
        }
        DeadLettersCommand::Retry(args) => {
            let admin = admin_of(&args.connection, &args.dead_letter).await?;
            let handled = admin
                .retry(&args.dead_letter, &who(args.who.as_deref()), &args.reason)
                .await?;
            return Ok(report(&handled, args.json));
        }
        DeadLettersCommand::Discard(args) => {
            let admin = admin_of(&args.connection, &args.dead_letter).await?;
            let handled = admin
                .discard(&args.dead_letter, &who(args.who.as_deref()), &args.reason)
                .await?;
            return Ok(report(&handled, args.json));
        }
        DeadLettersCommand::Actions(args) => actions(args).await?,
    }
    Ok(true)
}

/// The name to be kept with an action.
pub(crate) fn who(given: Option<&str>) -> String {
    let user = || std::env::var("USER").ok().filter(|user| !user.is_empty());
    given
        .map(str::to_owned)
        .or_else(user)
        .unwrap_or_else(|| "operator".to_owned())
}

/// The services that `only` names, or all.
pub(crate) fn chosen(only: Option<&String>) -> anyhow::Result<Vec<&'static dyn Role>> {
    match only {
        Some(name) => Ok(vec![services::named(name)?]),
        None => Ok(SERVICES.to_vec()),
    }
}

/// The dead-letter admin of the service that has as dead letters `dead_letter`, which begins with
/// its name.
async fn admin_of(
    connection: &ConnectionArgs,
    dead_letter: &str,
) -> anyhow::Result<DeadLetterAdmin<MongoDatabase>> {
    let (service, rest) = dead_letter.split_once('/').unwrap_or((dead_letter, ""));
    ensure!(
        rest.split('/').count() == 3,
        "{dead_letter:?} is not the id of a dead letter: that is service/topic/partition/offset, as \
         `quadrille dead-letters list` does"
    );
    let service = services::named(service)?;
    let database = connection.database(service.name()).await?;
    let originals: Arc<dyn Originals> = match connection.kafka() {
        Ok(topics) => Arc::new(topics),
        Err(error) => Arc::new(NoTopics(error.to_string())),
    };
    let subscriptions = service.subscriptions(&database);
    let clock = Arc::new(SystemClock);
    Ok(DeadLetterAdmin::new(
        database,
        subscriptions,
        service.name(),
        clock,
        originals,
    ))
}

/// Where no Kafka is named: all can be done but to read what was too large to be kept.
struct NoTopics(String);

impl Originals for NoTopics {
    fn original<'a>(
        &'a self,
        _at: &'a TopicPartition,
        _offset: i64,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        let why = format!(
            "it is too large to be kept, and its topic can't be read: {}",
            self.0
        );
        std::future::ready(Err(StoreError::transient(why))).boxed()
    }
}

async fn list(args: &ListArgs) -> anyhow::Result<()> {
    let filter = DeadLetterFilter {
        topic: args.topic.clone(),
        key: args.key.clone(),
        limit: args.limit,
    };
    let mut all: Vec<DeadLetterView> = Vec::new();
    for service in chosen(args.service.as_ref())? {
        let database = args.connection.database(service.name()).await?;
        all.extend(database.lines(service.name(), &filter).await?);
    }
    if args.json {
        let all: Vec<Value> = all.iter().map(view_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else if all.is_empty() {
        println!("There are no dead letters.");
    } else {
        for view in &all {
            print!("{}", view_text(view));
        }
    }
    Ok(())
}

async fn actions(args: &ActionsArgs) -> anyhow::Result<()> {
    let mut all: Vec<DeadLetterAction> = Vec::new();
    for service in chosen(args.service.as_ref())? {
        let database = args.connection.database(service.name()).await?;
        all.extend(database.actions(service.name(), args.limit).await?);
    }
    if args.json {
        let all: Vec<Value> = all.iter().map(action_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else if all.is_empty() {
        println!("Nothing was retried or discarded.");
    } else {
        for action in &all {
            println!(
                "{} {} {} {}: {}{}",
                action.at,
                action.who,
                action.action,
                action.dead_letter,
                action.outcome,
                if action.why.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", action.why)
                }
            );
        }
    }
    Ok(())
}

/// Prints the outcome; `false` when the dead letter failed again or one behind it did.
fn report(handled: &Handled, json: bool) -> bool {
    let stopped = match &handled.outcome {
        Outcome::FailedAgain { reason } => Some((&handled.dead_letter, reason)),
        Outcome::Applied | Outcome::Discarded => {
            handled.stopped_at.as_ref().map(|(id, reason)| (id, reason))
        }
    };
    let outcome = match &handled.outcome {
        Outcome::Applied => "applied",
        Outcome::Discarded => "discarded",
        Outcome::FailedAgain { .. } => "failed again",
    };
    if json {
        let json = json!({
            "letter": handled.dead_letter,
            "outcome": outcome,
            "applied": handled.applied,
            "left": handled.left,
            "stopped_at": stopped.map(|(id, reason)| json!({ "letter": id, "reason": reason })),
        });
        println!("{json:#}");
    } else {
        println!("{}: {outcome}", handled.dead_letter);
        println!("  {} applied, {} left", handled.applied, handled.left);
        if let Some((id, reason)) = stopped {
            println!("  {id} can't be applied: {reason}");
        }
    }
    stopped.is_none()
}

/// The dead letters of `service` that are dead-lettered for `key`, those that wait too.
///
/// # Errors
/// When the database can't be read.
pub(crate) async fn dead_letters_for(
    service: &dyn Role,
    database: &MongoDatabase,
    key: &str,
) -> anyhow::Result<Vec<DeadLetterView>> {
    let filter = DeadLetterFilter {
        topic: None,
        key: Some(key.to_owned()),
        limit: 100,
    };
    database
        .lines(service.name(), &filter)
        .await
        .context("the dead letters can't be read")
}
