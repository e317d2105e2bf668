//! `quadrille events ORDER_ID`: the life of one order, step by step.

use std::collections::HashSet;
use std::fmt;

use anyhow::{Context, ensure};
use clap::Args;
use events::{OrderCreate, OrderId, OrderStatus, OrderStatusUpdate, OrderUpdate, topics};
use futures::TryStreamExt;
use jiff::Timestamp;
use outbox::Event;
use outbox::kafka::TopicReader;
use quadrille::SERVICES;
use serde::Serialize;
use uuid::Uuid;

use super::sources::{Found, drawn_at, records_of, unsent};
use crate::connection::ConnectionArgs;
use crate::dead_letters::dead_letters_for;

/// Which order.
#[derive(Debug, Clone, Args)]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The order's id
    order_id: OrderId,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// A step of an order's life.
#[derive(Debug, Serialize)]
struct Step {
    /// When it happened.
    at: Timestamp,
    /// Milliseconds since the step before.
    after_ms: i64,
    /// Milliseconds since the first step.
    since_start_ms: i64,
    /// Who did it.
    service: String,
    /// What happened.
    what: String,
    /// Where it is written: a database's table, or topic/partition@offset.
    place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Uuid>,
    /// The id of the event or request that it follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// How often it was published; 0 for what is no event in a topic.
    published: usize,
    /// Where it lies besides, when it was published again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    again: Vec<String>,
    /// In which order steps of the same millisecond come.
    #[serde(skip)]
    rank: u8,
}

impl Step {
    fn new(at: Timestamp, rank: u8, service: &str, what: String, place: &str) -> Self {
        Self {
            at,
            after_ms: 0,
            since_start_ms: 0,
            service: service.to_owned(),
            what,
            place: place.to_owned(),
            event_id: None,
            cause: None,
            published: 0,
            again: Vec::new(),
            rank,
        }
    }
}

/// An order's life.
#[derive(Debug, Serialize)]
struct History {
    order_id: OrderId,
    /// Where it stands in the orders database; absent when that has no such order.
    status: Option<&'static str>,
    steps: Vec<Step>,
    /// What is remarkable, in sentences.
    notes: Vec<String>,
    /// When the fact of its last step happened, and when the step was written.
    #[serde(skip)]
    last_step: Option<(Timestamp, Timestamp)>,
}

/// Prints the order's life.
///
/// # Errors
/// When nobody knows the order, or a source can't be read.
pub(crate) async fn run(args: &EventsArgs) -> anyhow::Result<()> {
    let mut history = History {
        order_id: args.order_id,
        status: None,
        steps: Vec::new(),
        notes: Vec::new(),
        last_step: None,
    };
    history.databases(&args.connection).await?;
    history.waiting(&args.connection).await?;
    history.topics(&args.connection.topics()?).await?;
    ensure!(
        !history.steps.is_empty(),
        "there is no order {} in the databases or the topics; `GET /api/orders` lists those that \
         there are",
        args.order_id
    );
    history.time();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&history)?);
    } else {
        print!("{history}");
    }
    Ok(())
}

impl History {
    async fn databases(&mut self, connection: &ConnectionArgs) -> anyhow::Result<()> {
        let orders = connection.database("orders").await?;
        let kept = orders::store::audit::audit_view(&orders)
            .order(self.order_id)
            .await?;
        if let Some(kept) = &kept {
            self.status = Some(kept.order.status.name());
            let last = kept.order.history.len().saturating_sub(1);
            for (number, step) in kept.order.history.iter().enumerate() {
                let (at, rank) = match number {
                    0 => (step.at, 0),
                    // The step tells when it was decided; what is told of it came with the write.
                    _ if number == last => {
                        let written = kept.changed_at.unwrap_or(step.at);
                        self.last_step = Some((step.at, written));
                        (written, 5)
                    }
                    _ => (step.at, 5),
                };
                let verb = match step.status {
                    OrderStatus::Pending => "placed",
                    OrderStatus::Accepted | OrderStatus::Rejected => "settled",
                    _ => "moved on",
                };
                let note = step.note.as_ref().map(|note| format!(" ({note})"));
                let note = note.unwrap_or_default();
                let what = format!("{verb}: {}{note}", step.status.name());
                self.steps
                    .push(Step::new(at, rank, "orders", what, "database orders"));
            }
        } else {
            self.notes
                .push("The orders database does not have it.".to_owned());
        }
        let products = connection.database("products").await?;
        let decided = products::audit_view(&products)
            .stock_decisions_of(&[self.order_id])
            .await?
            .try_next()
            .await?;
        match decided {
            Some(kept) => {
                let reason = kept.reason.map(|reason| format!(" ({reason:?})"));
                let what = format!(
                    "decided: {}{}",
                    kept.status.name(),
                    reason.unwrap_or_default()
                );
                let mut step = Step::new(kept.decided_at, 3, "products", what, "database products");
                step.event_id = Some(kept.event_id);
                self.steps.push(step);
                if let Some(at) = kept.released_at {
                    let what = "its stock was given back".to_owned();
                    let step = Step::new(at, 6, "products", what, "database products");
                    self.steps.push(step);
                }
            }
            None => self
                .notes
                .push("The products database has no decision about it.".to_owned()),
        }
        Ok(())
    }

    /// What waits in outboxes and what is dead-lettered.
    async fn waiting(&mut self, connection: &ConnectionArgs) -> anyhow::Result<()> {
        let key = self.order_id.to_string();
        let keys = HashSet::from([key.clone()]);
        for service in SERVICES {
            let (name, database) = (service.name(), connection.database(service.name()).await?);
            let waiting = unsent(&database, &keys).await?;
            for (written_at, message) in waiting.messages {
                let what = format!("{} waits to be published", message.event_type);
                let place = format!("outbox of {name}");
                let mut step = Step::new(written_at, 2, name, what, &place);
                step.event_id = Some(message.id);
                step.cause = message.context.causation_id;
                self.steps.push(step);
            }
            if waiting.more {
                self.notes.push(format!(
                    "The outbox of {name} is so full that not all of it was looked at."
                ));
            }
            for view in dead_letters_for(*service, &database, &key).await? {
                let letter = &view.dead_letter;
                let what = format!(
                    "dead-lettered after {} attempt(s): {}",
                    letter.attempts, letter.reason
                );
                let place = format!("dead letter {}", letter.id());
                self.steps
                    .push(Step::new(letter.dead_lettered_at, 4, name, what, &place));
            }
        }
        Ok(())
    }

    async fn topics(&mut self, reader: &TopicReader) -> anyhow::Result<()> {
        let since = drawn_at(self.order_id);
        let keys = HashSet::from([self.order_id.to_string()]);
        let mut found = Vec::new();
        for topic in topics::ALL.iter().filter(|it| it.key == "order id") {
            let here = records_of(reader, topic.name, &keys, since).await;
            found.extend(here.with_context(|| format!("{} can't be read", topic.name))?);
        }
        for event in [OrderCreate::TYPE, OrderStatusUpdate::TYPE] {
            let ids: HashSet<Option<Uuid>> = found
                .iter()
                .filter(|f| f.event == event)
                .map(|f| f.event_id)
                .collect();
            if ids.len() > 1 {
                self.notes.push(format!(
                    "{event} was published under {} event ids.",
                    ids.len()
                ));
            }
        }
        while !found.is_empty() {
            let first = found.remove(0);
            let same = |other: &Found| {
                other.event_id == first.event_id
                    && other.topic == first.topic
                    && first.event_id.is_some()
            };
            let again: Vec<String> = found
                .iter()
                .filter(|other| same(other))
                .map(place_of)
                .collect();
            found.retain(|other| !same(other));
            let at = first
                .published_at
                .or(first.time)
                .unwrap_or(Timestamp::UNIX_EPOCH);
            // An update has the time of its fact, too, and came with the write.
            let at = match self.last_step {
                Some((fact, written))
                    if first.event == OrderUpdate::TYPE
                        && at.as_millisecond() >= fact.as_millisecond() =>
                {
                    at.max(written)
                }
                _ => at,
            };
            let rank = match first.event.as_str() {
                OrderCreate::TYPE => 1,
                OrderUpdate::TYPE => 6,
                _ => 4,
            };
            let what = format!("{} published", first.event);
            let mut step = Step::new(at, rank, &first.service, what, &place_of(&first));
            step.event_id = first.event_id;
            step.cause = first.cause.or(first.correlation);
            step.published = 1 + again.len();
            step.again = again;
            self.steps.push(step);
        }
        Ok(())
    }

    /// Puts the steps in order and says what each took.
    fn time(&mut self) {
        self.steps.sort_by_key(|step| (step.at, step.rank));
        let mut before = None;
        let start = self.steps.first().map(|step| step.at);
        for step in &mut self.steps {
            let since = |earlier: Option<Timestamp>| {
                earlier.map_or(0, |earlier| {
                    step.at.as_millisecond() - earlier.as_millisecond()
                })
            };
            (step.after_ms, step.since_start_ms) = (since(before), since(start));
            before = Some(step.at);
        }
    }
}

fn place_of(found: &Found) -> String {
    format!("{}/{}@{}", found.topic, found.partition, found.offset)
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.unwrap_or("not in the orders database");
        writeln!(f, "order {}: {status}\n", self.order_id)?;
        for step in &self.steps {
            writeln!(
                f,
                "{:<27} {:>8} {:>8}  {:<9} {}",
                step.at.to_string(),
                format!("+{} ms", step.after_ms),
                format!("{} ms", step.since_start_ms),
                step.service,
                step.what
            )?;
            write!(f, "{:47}{}", "", step.place)?;
            if let Some(id) = step.event_id {
                write!(f, ", event {id}")?;
            }
            if let Some(cause) = &step.cause {
                write!(f, ", caused by {cause}")?;
            }
            if step.published > 1 {
                write!(
                    f,
                    ", published {} times (again {})",
                    step.published,
                    step.again.join(", ")
                )?;
            }
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}
