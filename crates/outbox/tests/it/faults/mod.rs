//! MongoDB fails at each command of each unit of work of this crate; in the end everything was
//! done exactly once.

pub(crate) mod batches;
mod claims;
mod jobs;
mod parking;
pub(crate) mod rounds;

use outbox::mongo::MongoDatabase;
use testkit::Bed;
use testkit::faults::{Fault, MongoTap, Trouble, When};

/// In how many shares a unit's cases are done side by side.
pub(crate) const LANES: usize = 3;

/// A ledger's database, once through a tap and once past it.
struct Ground {
    tap: MongoTap,
    tapped: MongoDatabase,
    quiet: MongoDatabase,
    /// Last, so that the databases are removed when nobody uses them any more.
    _bed: Bed,
}

impl Ground {
    async fn new() -> Self {
        crate::log();
        let bed = Bed::new().await;
        let quiet = bed.database("ledger").await;
        quiet
            .create_collection("accounts")
            .await
            .expect("it answers");
        let tap = MongoTap::new(bed.mongodb_uri()).await;
        let name = bed.database_name("ledger");
        let tapped = tap.database(&name).await;
        Self {
            tap,
            tapped,
            quiet,
            _bed: bed,
        }
    }

    /// Takes what waits to be published out of the outbox: (topic, key, version).
    async fn said(&self) -> Vec<(String, String, u64)> {
        let messages = testkit::outgoing(&self.quiet).await;
        messages
            .into_iter()
            .map(|message| (message.topic, message.key, message.aggregate_version))
            .collect()
    }
}

/// What may befall a command that is in no transaction, at `when`.
fn befalling(when: When) -> Vec<(When, Trouble)> {
    let all = Fault::of("any").into_iter();
    all.map(|trouble| (when, trouble)).collect()
}
