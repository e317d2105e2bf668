//! A relay's rounds: lease, backlog, what is pending, what is to be deleted, others' notifications.

use outbox::mongo::MongoDatabase;
use outbox::{Event as _, OutboxStore as _, Record, transact};
use testkit::eventually;
use testkit::faults::{FaultCounts, Share, When, each_fault, in_shares};

use super::{SHARES, Setup, befalling};
use crate::conformance::ledger::{Deposit, Deposited, Ledger};
use crate::conformance::memory::MemoryRig;
use crate::conformance::relay;
use crate::conformance::rig::{Rig as _, header, versions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_published_in_order_and_deleted_whatever_command_fails() {
    in_shares(SHARES, |share| rounds(share, |db| db)).await;
}

/// Through `adapter` to the database.
pub(crate) async fn rounds<D: Ledger>(
    share: Share,
    adapter: impl Fn(MongoDatabase) -> D,
) -> FaultCounts {
    let setup = Setup::new().await;
    let rig = MemoryRig::new(1);
    let places = [
        When::Named("findAndModify", 0),
        // The backlog's size, or others' notifications: the two begin side by side.
        When::Named("aggregate", 0),
        // The oldest of the backlog, then the pending ones.
        When::Named("find", 0),
        When::Named("find", 1),
        When::Named("delete", 0),
        When::Named("getMore", 0),
        When::Named("update", 0),
    ];
    let proxied = adapter(setup.proxied.clone());
    let mut version = 0;
    let unit = "outbox: a relay's rounds";
    let cases = places.into_iter().flat_map(befalling);
    let fault_counts = each_fault(&setup.proxy, share, unit, cases, async |what| {
        let mut deposit = Deposit {
            db: &setup.quiet,
            account: "a",
            amount: 1,
        };
        for _ in 0..2 {
            version = transact(&setup.quiet, &mut deposit)
                .await
                .expect("it answers");
        }
        let publishing = relay(&proxied, rig.publisher());
        eventually(&format!("{what}: deleted"), || async {
            let left = setup.quiet.pending(10, &[]).await.expect("it answers");
            left.is_empty()
        })
        .await;
        // The lease is given back at the end, with an update.
        publishing.stop().await;
        setup.proxy.rest();
        let once = without_repetitions(&rig.deposits().await);
        let expected: Vec<u64> = (1..=version).collect();
        assert_eq!(once, expected, "{what}: all, in order");
    })
    .await;
    let count = |record: &&Record| header(record, "ce_type") == Some(Deposited::TYPE);
    let published = rig.deposits().await.iter().filter(count).count();
    println!("{version} messages were published {published} times");
    fault_counts
}

/// The versions in the order in which each was there first.
fn without_repetitions(records: &[Record]) -> Vec<u64> {
    let mut seen = std::collections::BTreeSet::new();
    let mut all = versions(records, "a");
    all.retain(|version| seen.insert(*version));
    all
}
