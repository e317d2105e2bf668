//! An inbox takes its partitions over.

use testkit::faults::{Lane, Tally, When, each_fault, in_lanes};

use super::batches::applied;
use super::{Ground, LANES, befalling};
use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Ledger as _, deposit};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_begins_where_the_last_one_ended_whatever_command_of_its_claim_fails() {
    in_lanes(LANES, claims).await;
}

async fn claims(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let rig = MemoryRig::new(2);
    let places = [
        When::Named("findAndModify", 0),
        When::Named("findAndModify", 1),
        // For the parked keys; the handlers' own come later.
        When::Named("find", 0),
    ];
    let mut version = 0;
    let unit = "outbox: a claim";
    let cases = places.into_iter().flat_map(befalling);
    let tally = each_fault(&ground.tap, lane, unit, cases, async |what| {
        version += 1;
        rig.publish(&[deposit("a", version)]).await;
        let book = Book::new(ground.tapped.clone());
        let consuming = inbox(&ground.tapped, rig.source(GROUP), book);
        applied(&ground, &rig, "a", version, what).await;
        ground.tap.rest();
        consuming.stop().await.expect("the checkpoints fit");
        assert_eq!(ground.said().await.len(), 1, "{what}: said once");
    })
    .await;
    assert_eq!(ground.quiet.letters().await, []);
    tally
}
