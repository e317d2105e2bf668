//! After the faults: waits until the shop is at rest, then holds its databases against what
//! customers were told.

use std::fs;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use events::OrderStatus;
use host::Service as _;
use orders::Orders;
use outbox::OutboxStore;
use outbox::replay::ReplayProgress;

use super::expectations::Expectations;
use super::messages;
use super::reconcile::{self, Outcome};
use super::system::System;

/// Everything is up, nothing is placed: this long may it take until nothing is under way.
const REST_WITHIN: Duration = Duration::from_secs(180);
/// And this long until copies and checkpoints are where their topics end.
const AGREE_WITHIN: Duration = Duration::from_secs(120);
/// What must never be in a log.
const NEVER_LOGGED: [&str; 2] = ["contradicts what it is", "panicked"];

/// Waits for rest and checks everything, then lets every service handle every topic again from its
/// beginning, and checks everything again. What is wrong goes into `expectations`.
///
/// # Errors
/// When a database or the audit can't be reached although everything is up.
pub(super) async fn verdict(
    system: &System,
    expectations: &Expectations,
) -> anyhow::Result<Outcome> {
    rest(system, expectations).await?;
    audit(system, expectations, "").await;
    let mut outcome = compare(system, expectations).await?;
    outcome.replayed = everything_again(system, expectations).await?;
    rest(system, expectations).await?;
    audit(system, expectations, "after a replay of everything, ").await;
    let after = compare(system, expectations).await?;
    let ends = |it: &Outcome| (it.accepted, it.paid, it.rejected, it.cancelled);
    if ends(&after) != ends(&outcome) {
        let text =
            format!("a replay of everything changed the databases: {outcome:?}, then {after:?}");
        expectations.violation(text);
    }
    logs(system, expectations);
    Ok(outcome)
}

/// No order under way, no outbox with a record; says which dead letters there are.
async fn rest(system: &System, expectations: &Expectations) -> anyhow::Result<()> {
    let mut databases = Vec::new();
    for service in quadrille::names() {
        databases.push((service, system.database(service).await?));
    }
    let orders = system.database(Orders::NAME).await?;
    let placed = orders.database().collection::<Document>("orders");
    let unpaid = doc! { "status": OrderStatus::Accepted.name(), "asks.payment": true };
    let pending = doc! { "status": OrderStatus::Pending.name() };
    let pending = doc! { "$or": [pending, unpaid] };
    let deadline = Instant::now() + REST_WITHIN;
    loop {
        let count = placed.count_documents(pending.clone()).await.ok();
        let mut left = vec![("orders under way".to_owned(), count)];
        for (service, database) in &databases {
            let records = format!("records in the outbox of {service}");
            left.push((records, waiting(database).await));
        }
        left.retain(|(_, count)| *count != Some(0));
        if left.is_empty() {
            break;
        }
        if Instant::now() > deadline {
            expectations.violation(format!("no rest within {REST_WITHIN:?}: {left:?}"));
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    for (service, database) in &databases {
        let dead_letters = database.database().collection::<Document>("dead_letters");
        let dead_letter_count = dead_letters.count_documents(doc! {}).await?;
        if dead_letter_count > 0 {
            expectations.violation(format!("{service} has {dead_letter_count} dead letters"));
        }
    }
    Ok(())
}

async fn waiting(database: &outbox::mongo::MongoDatabase) -> Option<u64> {
    let backlog = database.backlog().await.ok()?;
    Some(backlog.records)
}

async fn audit(system: &System, expectations: &Expectations, when: &str) {
    let deadline = Instant::now() + AGREE_WITHIN;
    loop {
        let last = system.shop.audit_once().await;
        if matches!(last, Ok((true, _))) {
            return;
        }
        if Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        }
        match last {
            Ok((_, found)) => match found["differences"].as_array() {
                Some(differences) if !differences.is_empty() => {
                    for difference in differences {
                        let text = difference.as_str().unwrap_or_default();
                        expectations.violation(format!("{when}audit: {text}"));
                    }
                }
                _ => expectations.violation(format!("{when}audit: {found}")),
            },
            Err(error) => expectations.violation(format!("{when}no audit: {error:#}")),
        }
        return;
    }
}

/// Holds the databases against what customers and the admin were told.
async fn compare(system: &System, expectations: &Expectations) -> anyhow::Result<Outcome> {
    let (orders, products) = (
        system.database("orders").await?,
        system.database("products").await?,
    );
    let stored = orders::store::audit::audit_view(&orders).orders().await?;
    let outcome = reconcile::of_orders(stored, expectations).await?;
    let view = products::store::audit::audit_view(&products);
    reconcile::of_stock(view.products().await?, expectations).await?;
    Ok(outcome)
}

/// Lets every service handle every topic again from its beginning; how many records these hold.
/// At rest none of them may be new to anybody.
async fn everything_again(system: &System, expectations: &Expectations) -> anyhow::Result<i64> {
    let mut total = 0;
    for (service, topic) in messages::subscriptions() {
        let replay = messages::rewind(system, service, topic, None).await?;
        let begun = replay.progress(topic).await?;
        let records: i64 = begun.iter().map(ReplayProgress::left).sum();
        total += records;
        // A slow machine handles a thousand a second.
        let records = u64::try_from(records).unwrap_or_default();
        let limit = REST_WITHIN + Duration::from_millis(records * 2);
        let what = format!("{service} has handled {topic} again");
        crate::until(limit, &what, || async {
            let progress = replay.progress(topic).await;
            progress.is_ok_and(|all| all.iter().all(ReplayProgress::finished))
        })
        .await?;
        for done in replay.progress(topic).await? {
            let counts = done.state.counts;
            if counts.applied > 0 || counts.dead_lettered > 0 {
                let at = done.at;
                let text = format!("replayed at rest, {at} had something new: {counts:?}");
                expectations.violation(text);
            }
        }
    }
    Ok(total)
}

fn logs(system: &System, expectations: &Expectations) {
    for site in &system.sites {
        let Some(text) = site.part.log().and_then(|log| fs::read(log).ok()) else {
            continue;
        };
        let text = String::from_utf8_lossy(&text);
        let bad = |line: &&str| NEVER_LOGGED.iter().any(|words| line.contains(words));
        for line in text.lines().filter(bad).take(10) {
            expectations.violation(format!("{} logged: {line}", site.part.name()));
        }
    }
}
