//! MongoDB fails at each command of each unit of work of this crate; in the end everything was
//! done exactly once.

pub(crate) mod batches;
mod claims;
mod dead_letters;
mod jobs;
pub(crate) mod rounds;

use outbox::mongo::MongoDatabase;
use testkit::TestEnvironment;
use testkit::faults::{Fault, MongoProxy, Trouble, When};

/// In how many shares a unit's cases are done side by side.
pub(crate) const SHARES: usize = 3;

/// A ledger's database, once through a tap and once past it.
struct Setup {
    proxy: MongoProxy,
    proxied: MongoDatabase,
    quiet: MongoDatabase,
    /// Last, so that the databases are removed when nobody uses them any more.
    _environment: TestEnvironment,
}

impl Setup {
    async fn new() -> Self {
        crate::log();
        let environment = TestEnvironment::new().await;
        let quiet = environment.database("ledger").await;
        quiet
            .create_collection("accounts")
            .await
            .expect("it answers");
        let proxy = MongoProxy::new(environment.mongodb_uri()).await;
        let name = environment.database_name("ledger");
        let proxied = proxy.database(&name).await;
        Self {
            proxy,
            proxied,
            quiet,
            _environment: environment,
        }
    }

    /// Takes what waits to be published out of the outbox: (topic, key, version).
    async fn published(&self) -> Vec<(String, String, u64)> {
        let messages = testkit::take_pending(&self.quiet).await;
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
