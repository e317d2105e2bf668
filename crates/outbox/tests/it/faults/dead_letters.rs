//! A message that can't be applied: tried, taken back, set aside.

use outbox::{DeadLetter, Event as _, HandleError};
use testkit::eventually;
use testkit::faults::{FaultCounts, Share, each_command, in_shares};

use super::batches::applied;
use super::{SHARES, Setup};
use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Booked, Deposited, Ledger as _, deposit};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_message_is_dead_lettered_once_whatever_command_fails() {
    in_shares(SHARES, parkings).await;
}

async fn parkings(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let rig = MemoryRig::new(1);
    let book = Book::new(setup.proxied.clone()).failing(|event| {
        let hopeless = event.account.starts_with("hopeless");
        hopeless.then(|| HandleError::DeadLetter("it has no hope".to_owned()))
    });
    let consuming = inbox(&setup.proxied, rig.source(GROUP), book);
    rig.publish(&[deposit("a", 1)]).await;
    applied(&setup, &rig, "a", 1, "the start").await;
    setup.published().await;

    let mut version = 1;
    let unit = "outbox: a message dead-lettered";
    let fault_counts = each_command(&setup.proxy, share, unit, async |what| {
        version += 1;
        let key = format!("hopeless-{version}");
        rig.publish(&[deposit(&key, 1)]).await;
        eventually(what, || async {
            let dead_letters = setup.quiet.dead_letters().await;
            dead_letters
                .iter()
                .any(|dead_letter| dead_letter.key.as_ref() == Some(&key))
        })
        .await;
        setup.proxy.rest();
        // The second waits behind the first, and other keys go on.
        rig.publish(&[deposit(&key, 2), deposit("a", version)])
            .await;
        applied(&setup, &rig, "a", version, what).await;

        assert_eq!(setup.quiet.committed(&key).await.times, 0, "{what}");
        let dead_letters = setup.quiet.dead_letters().await;
        let ours: Vec<_> = dead_letters
            .iter()
            .filter(|dead_letter| dead_letter.key.as_ref() == Some(&key))
            .map(|dead_letter| (dead_letter.reason.as_str(), dead_letter.waits))
            .collect();
        let behind = "an earlier message of this key is dead-lettered";
        let expected = [("it has no hope", false), (behind, true)];
        assert_eq!(ours, expected, "{what}");
        let dead = DeadLetter::topic(Deposited::TOPIC, GROUP);
        let mut published = setup.published().await;
        published.sort();
        let expected = [
            (dead.clone(), key.clone(), 1),
            (dead, key, 2),
            (Booked::TOPIC.to_owned(), "a".to_owned(), version),
        ];
        assert_eq!(published, expected, "{what}: each published once");
    })
    .await;
    consuming.stop().await.expect("the checkpoints fit");
    fault_counts
}
