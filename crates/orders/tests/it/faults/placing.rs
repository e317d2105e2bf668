//! Placing orders through the group commit.

use std::time::Duration;

use events::OrderCreate;
use orders::BatchSettings;
use orders::commands::{Declined, Placed};
use orders::domain::Refusal;
use outbox::Event as _;
use testkit::faults::{FaultCounts, Share, each_command, in_shares};

use super::{SHARES, Setup};
use crate::fixture::{customer, request};
use crate::group_commit::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_customer_gets_the_right_answer_whatever_command_fails() {
    in_shares(SHARES, placing).await;
}

async fn placing(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let settings = BatchSettings {
        // The four share a transaction, however slow the machine is: it begins with the fourth.
        max_batch: 4,
        linger: Duration::from_secs(10),
        patience: Duration::from_secs(20),
        ..BatchSettings::default()
    };
    let running = start(&setup.proxied, settings);
    let me = customer();
    let earlier = setup
        .shop
        .place(&[request(me, &[("chair", 1)], Some("earlier"))])
        .await
        .remove(0);
    let Ok(Placed::New(earlier)) = earlier else {
        panic!("{earlier:?}")
    };
    setup.published().await;

    let mut number = 0;
    each_command(
        &setup.proxy,
        share,
        "orders: placing orders",
        async |what| {
            number += 1;
            let key = format!("key {number}");
            let plain = request(customer(), &[("cup", 2), ("chair", 1)], None);
            let keyed = request(me, &[("chair", 3)], Some(&key));
            let (answer, of_keyed, again, ghost) = tokio::join!(
                running.order_queue.place(plain.clone()),
                running.order_queue.place(keyed.clone()),
                running
                    .order_queue
                    .place(request(me, &[("chair", 1)], Some("earlier"))),
                running
                    .order_queue
                    .place(request(me, &[("cup", 1), ("ghost", 1)], None)),
            );
            setup.proxy.rest();
            assert_eq!(again.unwrap(), Ok(Placed::Again(earlier.clone())), "{what}");
            let unknown = Refusal::UnknownProduct {
                name: "ghost".to_owned(),
            };
            assert_eq!(ghost.unwrap(), Err(Declined::Refused(unknown)), "{what}");
            let mut expected = Vec::new();
            for (request, answer) in [(plain, answer), (keyed, of_keyed)] {
                let Ok(Ok(Placed::New(order))) = answer else {
                    panic!("{what}: {answer:?}")
                };
                assert_eq!(order.id, request.id, "{what}");
                assert_eq!(setup.shop.order(order.id).await, order, "{what}");
                expected.push((request.event_id, order.to_event()));
            }
            assert_eq!(setup.shop.count("orders").await, 1 + 2 * number, "{what}");
            assert_eq!(setup.shop.count("idempotency").await, 1 + number, "{what}");
            let mut published: Vec<_> = setup
                .published()
                .await
                .iter()
                .map(|message| {
                    let event = OrderCreate::read(message.version, &message.payload).unwrap();
                    (message.id, event)
                })
                .collect();
            published.sort_by_key(|(id, _)| *id);
            expected.sort_by_key(|(id, _)| *id);
            assert_eq!(published, expected, "{what}: each published once");
        },
    )
    .await
}
