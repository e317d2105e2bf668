//! `quadrille dead-letters`: messages that were set aside, and what becomes of them.

mod view;

use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use host::Role;
use outbox::SystemClock;
use outbox::dead_letter::{DeadLetters, Handled, LetterAction, LetterFilter, LetterView, Outcome};
use outbox::mongo::MongoDatabase;
use quadrille::SERVICES;
use serde_json::{Value, json};

use self::view::{action_json, detail_json, detail_text, view_json, view_text};
use crate::place::Place;
use crate::services;

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum LettersCommand {
    /// List what is parked: why, since when, and how many later messages of its key wait behind it
    List(ListArgs),
    /// Show one letter whole, and those that wait behind it
    Show(ShowArgs),
    /// Handle a letter again, and then those that wait behind it
    Retry(RetryArgs),
    /// Give a letter up, and handle those that wait behind it
    Discard(DiscardArgs),
    /// List what was retried and discarded, by whom and why
    Actions(ActionsArgs),
}

/// Which letters.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Place,
    /// Of this service only
    #[arg(long)]
    service: Option<String>,
    /// Of this topic only, without the prefix
    #[arg(long)]
    topic: Option<String>,
    /// Of this key only, such as an order's id
    #[arg(long)]
    key: Option<String>,
    /// The most letters to list of each service
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// Which letter.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    place: Place,
    /// The letter, as `list` names it
    letter: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Which letter, and who wants it.
#[derive(Debug, Clone, Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    place: Place,
    /// The letter, as `list` names it
    letter: String,
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

/// Which letter, who wants it, and why.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiscardArgs {
    #[command(flatten)]
    place: Place,
    /// The letter, as `list` names it
    letter: String,
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
    place: Place,
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

/// The dead letters of `service`, with its own handlers.
pub(crate) fn desk(service: &dyn Role, database: &MongoDatabase) -> DeadLetters<MongoDatabase> {
    DeadLetters::new(
        database.clone(),
        service.subscriptions(database),
        service.name(),
        Arc::new(SystemClock),
    )
}

/// Does it; `false` when a letter failed again.
///
/// # Errors
/// When there is no such letter, or what is asked for would break the order of its key.
pub(crate) async fn run(command: &LettersCommand) -> anyhow::Result<bool> {
    match command {
        LettersCommand::List(args) => list(args).await?,
        LettersCommand::Show(args) => {
            let desk = desk_of(&args.place, &args.letter).await?;
            let detail = desk.show(&args.letter).await?;
            if args.json {
                println!("{}", serde_json::to_string_pretty(&detail_json(&detail))?);
            } else {
                print!("{}", detail_text(&detail));
            }
        }
        LettersCommand::Retry(args) => {
            let desk = desk_of(&args.place, &args.letter).await?;
            let handled = desk
                .retry(&args.letter, &who(args.who.as_deref()), &args.reason)
                .await?;
            return Ok(report(&handled, args.json));
        }
        LettersCommand::Discard(args) => {
            let desk = desk_of(&args.place, &args.letter).await?;
            let handled = desk
                .discard(&args.letter, &who(args.who.as_deref()), &args.reason)
                .await?;
            return Ok(report(&handled, args.json));
        }
        LettersCommand::Actions(args) => actions(args).await?,
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

/// The desk of the service that has parked `letter`, which begins with its name.
async fn desk_of(place: &Place, letter: &str) -> anyhow::Result<DeadLetters<MongoDatabase>> {
    let (service, rest) = letter.split_once('/').unwrap_or((letter, ""));
    ensure!(
        rest.split('/').count() == 3,
        "{letter:?} is not a letter: it is written service/topic/partition/offset, as \
         `quadrille dead-letters list` does"
    );
    let service = services::named(service)?;
    let database = place.database(service.name()).await?;
    Ok(desk(service, &database))
}

async fn list(args: &ListArgs) -> anyhow::Result<()> {
    let filter = LetterFilter {
        topic: args.topic.clone(),
        key: args.key.clone(),
        limit: args.limit,
    };
    let mut all: Vec<LetterView> = Vec::new();
    for service in chosen(args.service.as_ref())? {
        let database = args.place.database(service.name()).await?;
        all.extend(desk(service, &database).list(&filter).await?);
    }
    if args.json {
        let all: Vec<Value> = all.iter().map(view_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else if all.is_empty() {
        println!("Nothing is parked.");
    } else {
        for view in &all {
            print!("{}", view_text(view));
        }
    }
    Ok(())
}

async fn actions(args: &ActionsArgs) -> anyhow::Result<()> {
    let mut all: Vec<LetterAction> = Vec::new();
    for service in chosen(args.service.as_ref())? {
        let database = args.place.database(service.name()).await?;
        all.extend(desk(service, &database).actions(args.limit).await?);
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
                action.letter,
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

/// Prints the outcome; `false` when the letter failed again or one behind it did.
fn report(handled: &Handled, json: bool) -> bool {
    let stopped = match &handled.outcome {
        Outcome::FailedAgain { reason } => Some((&handled.letter, reason)),
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
            "letter": handled.letter,
            "outcome": outcome,
            "applied": handled.applied,
            "left": handled.left,
            "stopped_at": stopped.map(|(id, reason)| json!({ "letter": id, "reason": reason })),
        });
        println!("{json:#}");
    } else {
        println!("{}: {outcome}", handled.letter);
        println!(
            "  {} applied, {} still parked",
            handled.applied, handled.left
        );
        if let Some((id, reason)) = stopped {
            println!("  {id} can't be applied: {reason}");
        }
    }
    stopped.is_none()
}

/// The letters of `service` that are parked for `key`, those that wait too.
///
/// # Errors
/// When the database can't be read.
pub(crate) async fn parked_for(
    service: &dyn Role,
    database: &MongoDatabase,
    key: &str,
) -> anyhow::Result<Vec<LetterView>> {
    let filter = LetterFilter {
        topic: None,
        key: Some(key.to_owned()),
        limit: 100,
    };
    desk(service, database)
        .list(&filter)
        .await
        .context("the dead letters can't be read")
}
