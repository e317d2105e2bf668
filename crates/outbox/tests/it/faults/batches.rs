//! An inbox's batch: checkpoint, state, jobs, outbox record, commit.

use outbox::{Event as _, JobStore as _};
use testkit::eventually;
use testkit::faults::{Lane, Tally, each_command, in_lanes};

use super::{Ground, LANES};
use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Booked, Ledger as _, deposit, paid};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_applied_once_whatever_command_of_it_fails() {
    in_lanes(LANES, batches).await;
}

async fn batches(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let rig = MemoryRig::new(1).await;
    let consuming = inbox(
        &ground.tapped,
        rig.source(GROUP),
        Book::new(ground.tapped.clone()).timed(),
    );
    // The first batch comes after the claim, which is another unit.
    rig.publish(&[deposit("a", 1)]).await;
    applied(&ground, "a", 1, "the start").await;
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
            applied(&ground, "a", second, what).await;
            ground.tap.rest();
            // It works through one thing after another: what comes of this one shows that all that
            // came of the other is over.
            rig.publish(&[deposit("a", after)]).await;
            applied(&ground, "a", after, what).await;
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

/// Waits until `account` has seen `version`; that it saw each before once is the account's own to
/// tell.
pub(super) async fn applied(ground: &Ground, account: &str, version: u64, what: &str) {
    let count = version.cast_signed();
    eventually(&format!("{what}: {account} {version}"), || async {
        ground.quiet.committed(account).await.version >= count
    })
    .await;
    assert_eq!(
        ground.quiet.committed(account).await,
        paid(count),
        "{what}: each once, in order"
    );
}
