//! An inbox takes its partitions over.

use testkit::faults::{FaultCounts, Share, When, each_fault, in_shares};

use super::batches::applied;
use super::{SHARES, Setup, befalling};
use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Ledger as _, deposit};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_begins_where_the_last_one_ended_whatever_command_of_its_claim_fails() {
    in_shares(SHARES, claims).await;
}

async fn claims(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let rig = MemoryRig::new(2);
    let places = [
        When::Named("findAndModify", 0),
        When::Named("findAndModify", 1),
        // For the dead-lettered keys; the handlers' own come later.
        When::Named("find", 0),
    ];
    let mut version = 0;
    let unit = "outbox: a claim";
    let cases = places.into_iter().flat_map(befalling);
    let fault_counts = each_fault(&setup.proxy, share, unit, cases, async |what| {
        version += 1;
        rig.publish(&[deposit("a", version)]).await;
        let book = Book::new(setup.proxied.clone());
        let consuming = inbox(&setup.proxied, rig.source(GROUP), book);
        applied(&setup, &rig, "a", version, what).await;
        setup.proxy.rest();
        consuming.stop().await.expect("the checkpoints fit");
        assert_eq!(setup.published().await.len(), 1, "{what}: published once");
    })
    .await;
    assert_eq!(setup.quiet.dead_letters().await, []);
    fault_counts
}
