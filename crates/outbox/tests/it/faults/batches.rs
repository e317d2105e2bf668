//! An inbox's batch: checkpoint, state, jobs, outbox record, commit.

use outbox::mongo::MongoDatabase;
use outbox::{Event as _, JobStore as _};
use testkit::eventually;
use testkit::faults::{Lane, Tally, each_command, in_lanes};

use super::{Ground, LANES};
use crate::conformance::ledger::{Book, Booked, Ledger, deposit, paid};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};
use crate::conformance::{inbox, is_at_the_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_applied_once_whatever_command_of_it_fails() {
    in_lanes(LANES, |lane| batches(lane, |db| db)).await;
}

/// Through `adapter` to the database.
pub(crate) async fn batches<D: Ledger>(lane: Lane, adapter: impl Fn(MongoDatabase) -> D) -> Tally {
    let ground = Ground::new().await;
    let rig = MemoryRig::new(1);
    let tapped = adapter(ground.tapped.clone());
    let consuming = inbox(
        &tapped,
        rig.source(GROUP),
        Book::new(tapped.clone()).timed(),
    );
    // The first batch comes after the claim, which is another unit.
    rig.publish(&[deposit("a", 1)]).await;
    applied(&ground, &rig, "a", 1, "the start").await;
    ground.said().await;

    let mut version: u64 = 1;
    let tally = each_command(
        &ground.tap,
        lane,
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
            applied(&ground, &rig, "a", second, what).await;
            ground.tap.rest();
            // It works through one thing after another: what comes of this one shows that all that
            // came of the other is over.
            rig.publish(&[deposit("a", after)]).await;
            applied(&ground, &rig, "a", after, what).await;
            version = after;

            let b = ground.quiet.committed("b").await;
            assert_eq!(b, paid(case.cast_signed()), "{what}");
            let mut said = ground.said().await;
            said.sort();
            let booked = |key: &str, version| (Booked::TOPIC.to_owned(), key.to_owned(), version);
            let expected = [
                booked("a", first),
                booked("a", second),
                booked("a", after),
                booked("b", case),
            ];
            assert_eq!(said, expected, "{what}: each said once");
        },
    )
    .await;
    consuming.stop().await.expect("the checkpoints fit");
    let count = version.cast_signed();
    assert_eq!(ground.quiet.committed("a").await, paid(count));
    let timers = version + version.div_ceil(3) - 1;
    let waiting = ground.quiet.job_counts().await.expect("it answers").waiting;
    assert_eq!(waiting, timers, "each event has its timer, once");
    assert_eq!(ground.quiet.letters().await, []);
    tally
}

/// Waits until the checkpoints are behind all that is there. By then `account` has seen `version`
/// and each before it once.
pub(super) async fn applied(
    ground: &Ground,
    rig: &MemoryRig,
    account: &str,
    version: u64,
    what: &str,
) {
    let records = rig.deposits().await;
    eventually(&format!("{what}: the end is reached"), || {
        is_at_the_end(&ground.quiet, &records)
    })
    .await;
    assert_eq!(
        ground.quiet.committed(account).await,
        paid(version.cast_signed()),
        "{what}: each once, in order"
    );
}
