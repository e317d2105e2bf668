//! An inbox's batch: checkpoint, state, jobs, outbox record, commit.

use outbox::mongo::MongoDatabase;
use outbox::{Event as _, JobStore as _};
use testkit::eventually;
use testkit::faults::{FaultCounts, Share, each_command, in_shares};

use super::{SHARES, Setup};
use crate::conformance::ledger::{Book, Booked, Ledger, deposit, paid};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};
use crate::conformance::{inbox, is_at_the_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_applied_once_whatever_command_of_it_fails() {
    in_shares(SHARES, |share| batches(share, |db| db)).await;
}

/// Through `adapter` to the database.
pub(crate) async fn batches<D: Ledger>(
    share: Share,
    adapter: impl Fn(MongoDatabase) -> D,
) -> FaultCounts {
    let setup = Setup::new().await;
    let rig = MemoryRig::new(1);
    let proxied = adapter(setup.proxied.clone());
    let consuming = inbox(
        &proxied,
        rig.source(GROUP),
        Book::new(proxied.clone()).timed(),
    );
    // The first batch comes after the claim, which is another unit.
    rig.publish(&[deposit("a", 1)]).await;
    applied(&setup, &rig, "a", 1, "the start").await;
    setup.published().await;

    let mut version: u64 = 1;
    let fault_counts = each_command(
        &setup.proxy,
        share,
        "outbox: an inbox's batch",
        async |what| {
            let (first, second, after) = (version + 1, version + 2, version + 3);
            let case = first.div_ceil(3);
            rig.publish(&[
                deposit("a", first),
                deposit("b", case),
                deposit("a", second),
            ])
            .await;
            applied(&setup, &rig, "a", second, what).await;
            setup.proxy.rest();
            // It works through one thing after another: what comes of this one shows that all that
            // came of the other is over.
            rig.publish(&[deposit("a", after)]).await;
            applied(&setup, &rig, "a", after, what).await;
            version = after;

            let b = setup.quiet.committed("b").await;
            assert_eq!(b, paid(case.cast_signed()), "{what}");
            let mut published = setup.published().await;
            published.sort();
            let booked = |key: &str, version| (Booked::TOPIC.to_owned(), key.to_owned(), version);
            let expected = [
                booked("a", first),
                booked("a", second),
                booked("a", after),
                booked("b", case),
            ];
            assert_eq!(published, expected, "{what}: each published once");
        },
    )
    .await;
    consuming.stop().await.expect("the checkpoints fit");
    let count = version.cast_signed();
    assert_eq!(setup.quiet.committed("a").await, paid(count));
    let timers = version + version.div_ceil(3) - 1;
    let waiting = setup.quiet.job_counts().await.expect("it answers").waiting;
    assert_eq!(waiting, timers, "each event has its timer, once");
    assert_eq!(setup.quiet.dead_letters().await, []);
    fault_counts
}

/// Waits until the checkpoints are behind all that is there. By then `account` has seen `version`
/// and each before it once.
pub(super) async fn applied(
    setup: &Setup,
    rig: &MemoryRig,
    account: &str,
    version: u64,
    what: &str,
) {
    let records = rig.deposits().await;
    eventually(&format!("{what}: the end is reached"), || {
        is_at_the_end(&setup.quiet, &records)
    })
    .await;
    assert_eq!(
        setup.quiet.committed(account).await,
        paid(version.cast_signed()),
        "{what}: each once, in order"
    );
}
