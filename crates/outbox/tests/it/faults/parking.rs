//! A message that can't be applied: tried, taken back, set aside.

use outbox::{DeadLetter, Event as _, HandleError};
use testkit::eventually;
use testkit::faults::{Lane, Tally, each_command, in_lanes};

use super::batches::applied;
use super::{Ground, LANES};
use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Booked, Deposited, Ledger as _, deposit};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hopeless_message_is_parked_once_whatever_command_of_it_fails() {
    in_lanes(LANES, parkings).await;
}

async fn parkings(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let rig = MemoryRig::new(1);
    let book = Book::new(ground.tapped.clone()).failing(|event| {
        let hopeless = event.account.starts_with("hopeless");
        hopeless.then(|| HandleError::DeadLetter("it has no hope".to_owned()))
    });
    let consuming = inbox(&ground.tapped, rig.source(GROUP), book);
    rig.publish(&[deposit("a", 1)]).await;
    applied(&ground, &rig, "a", 1, "the start").await;
    ground.said().await;

    let mut version = 1;
    let unit = "outbox: a message parked";
    let tally = each_command(&ground.tap, lane, unit, async |what| {
        version += 1;
        let key = format!("hopeless-{version}");
        rig.publish(&[deposit(&key, 1)]).await;
        eventually(what, || async {
            let letters = ground.quiet.letters().await;
            letters
                .iter()
                .any(|letter| letter.key.as_ref() == Some(&key))
        })
        .await;
        ground.tap.rest();
        // The second waits behind the first, and other keys go on.
        rig.publish(&[deposit(&key, 2), deposit("a", version)])
            .await;
        applied(&ground, &rig, "a", version, what).await;

        assert_eq!(ground.quiet.committed(&key).await.times, 0, "{what}");
        let letters = ground.quiet.letters().await;
        let ours: Vec<_> = letters
            .iter()
            .filter(|letter| letter.key.as_ref() == Some(&key))
            .map(|letter| (letter.reason.as_str(), letter.waits))
            .collect();
        let behind = "an earlier message of this key is parked";
        let expected = [("it has no hope", false), (behind, true)];
        assert_eq!(ours, expected, "{what}");
        let dead = DeadLetter::topic(Deposited::TOPIC, GROUP);
        let mut said = ground.said().await;
        said.sort();
        let expected = [
            (dead.clone(), key.clone(), 1),
            (dead, key, 2),
            (Booked::TOPIC.to_owned(), "a".to_owned(), version),
        ];
        assert_eq!(said, expected, "{what}: each said once");
    })
    .await;
    consuming.stop().await.expect("the checkpoints fit");
    tally
}
