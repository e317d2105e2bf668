//! After the storm: waits until the shop is at rest, then holds its books against what customers
//! were told.

use std::fs;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use events::OrderStatus;
use outbox::OutboxStore;
use outbox::replay::ReplayProgress;

use super::books::{self, Books};
use super::ground::Ground;
use super::ledger::Ledger;
use super::messages;

/// Everything is up, nothing is placed: this long may it take until nothing is under way.
const REST_WITHIN: Duration = Duration::from_secs(180);
/// And this long until copies and checkpoints are where their topics end.
const AGREE_WITHIN: Duration = Duration::from_secs(120);
/// What must never be in a log.
const NEVER_LOGGED: [&str; 2] = ["contradicts what it is", "panicked"];

/// Waits for rest and checks everything, then lets every service handle every topic again from its
/// beginning, and checks everything again. What is wrong goes into `ledger`.
///
/// # Errors
/// When a database or the audit can't be reached although everything is up.
pub(super) async fn verdict(ground: &Ground, ledger: &Ledger) -> anyhow::Result<Books> {
    rest(ground, ledger).await?;
    audit(ground, ledger, "").await;
    let mut books = compare(ground, ledger).await?;
    books.replayed = everything_again(ground, ledger).await?;
    rest(ground, ledger).await?;
    audit(ground, ledger, "after a replay of everything, ").await;
    let after = compare(ground, ledger).await?;
    if (after.accepted, after.rejected) != (books.accepted, books.rejected) {
        let text = format!("a replay of everything changed the books: {books:?}, then {after:?}");
        ledger.violation(text);
    }
    logs(ground, ledger);
    Ok(books)
}

/// Nothing pending, nothing in an outbox, every checkpoint at the end of its topic.
async fn rest(ground: &Ground, ledger: &Ledger) -> anyhow::Result<()> {
    let (orders, products) = (
        ground.database("orders").await?,
        ground.database("products").await?,
    );
    let placed = orders.database().collection::<Document>("orders");
    let pending = doc! { "status": OrderStatus::Pending.name() };
    let deadline = Instant::now() + REST_WITHIN;
    loop {
        let left = [
            (
                "orders pending",
                placed.count_documents(pending.clone()).await.ok(),
            ),
            ("records in orders' outbox", waiting(&orders).await),
            ("records in products' outbox", waiting(&products).await),
        ];
        if left.iter().all(|(_, count)| *count == Some(0)) {
            break;
        }
        if Instant::now() > deadline {
            ledger.violation(format!("no rest within {REST_WITHIN:?}: {left:?}"));
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    for (service, database) in [("orders", &orders), ("products", &products)] {
        let letters = database.database().collection::<Document>("dead_letters");
        let parked = letters.count_documents(doc! {}).await?;
        if parked > 0 {
            ledger.violation(format!("{service} has parked {parked} messages"));
        }
    }
    Ok(())
}

async fn waiting(database: &outbox::mongo::MongoDatabase) -> Option<u64> {
    let backlog = database.backlog().await.ok()?;
    Some(backlog.records)
}

async fn audit(ground: &Ground, ledger: &Ledger, when: &str) {
    let deadline = Instant::now() + AGREE_WITHIN;
    loop {
        let last = ground.shop.audit_once().await;
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
                        ledger.violation(format!("{when}audit: {text}"));
                    }
                }
                _ => ledger.violation(format!("{when}audit: {found}")),
            },
            Err(error) => ledger.violation(format!("{when}no audit: {error:#}")),
        }
        return;
    }
}

/// Holds the databases against what customers and the admin were told.
async fn compare(ground: &Ground, ledger: &Ledger) -> anyhow::Result<Books> {
    let (orders, products) = (
        ground.database("orders").await?,
        ground.database("products").await?,
    );
    let stored = orders::store::audit::audit_view(&orders).orders().await?;
    let books = books::of_orders(stored, ledger).await?;
    let view = products::store::audit::audit_view(&products);
    books::of_stock(view.products().await?, ledger).await?;
    Ok(books)
}

/// Lets every service handle every topic again from its beginning; how many records these hold.
/// At rest none of them may be new to anybody.
async fn everything_again(ground: &Ground, ledger: &Ledger) -> anyhow::Result<i64> {
    let mut total = 0;
    for (service, topic) in messages::HEARD {
        let replay = messages::rewind(ground, service, topic, None).await?;
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
            let counts = done.figures.counts;
            if counts.applied > 0 || counts.parked > 0 {
                let at = done.at;
                let text = format!("replayed at rest, {at} had something new: {counts:?}");
                ledger.violation(text);
            }
        }
    }
    Ok(total)
}

fn logs(ground: &Ground, ledger: &Ledger) {
    for site in &ground.sites {
        let Some(text) = site.part.log().and_then(|log| fs::read(log).ok()) else {
            continue;
        };
        let text = String::from_utf8_lossy(&text);
        let bad = |line: &&str| NEVER_LOGGED.iter().any(|words| line.contains(words));
        for line in text.lines().filter(bad).take(10) {
            ledger.violation(format!("{} logged: {line}", site.part.name()));
        }
    }
}
