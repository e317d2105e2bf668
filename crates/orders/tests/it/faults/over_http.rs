//! The whole service, whose commits are not heard of: the server commits, and the answer is lost.

use std::time::Duration;

use events::{OrderId, OrderStatus, OrderStatusUpdate, topics};
use futures::TryStreamExt as _;
use orders::store::audit::audit_view;
use orders::{BatchSettings, Orders, Settings};
use outbox::MessageContext;
use outbox::kafka::TopicSpec;
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use service::token::Role;
use testkit::eventually;
use testkit::faults::{Fault, Tally, Trouble, When};

use super::Ground;
use crate::fixture::customer;
use crate::server::{Client, Signer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_repeated_after_lost_commits_is_one_order_settled_once() {
    repeated("Idempotency-Key").await;
}

/// With the key in `header`.
pub async fn repeated(header: &str) {
    let ground = Ground::new().await;
    let bed = ground.shop.bed();
    bed.topics(topics::ALL).await;
    let letters = [topics::ORDER_STATUS, topics::PRODUCTS]
        .map(|topic| TopicSpec::dead_letters(topic, "orders", 1));
    bed.ensure_topics(&letters).await;
    let signer = Signer::start().await;
    let settings = host::Settings {
        http: HttpSettings::on_free_port(),
        mongo: MongoSettings::new(ground.tap.uri(), &bed.database_name("orders")),
        kafka: KafkaSettings::new(bed.kafka_brokers(), &bed.topic_prefix()),
        tokens: TokenSettings::new(&signer.jwks_url),
        demo: false,
    };
    let own = Settings {
        batch: BatchSettings {
            patience: Duration::from_secs(1),
            ..BatchSettings::default()
        },
    };
    let lifecycle = Lifecycle::new(Duration::from_secs(10));
    let running = host::start::<Orders>(settings, own, &lifecycle)
        .await
        .unwrap();
    let client = Client {
        http: reqwest::Client::new(),
        base: format!("http://{}", running.address),
        token: Some(signer.token(customer(), Role::User)),
    };

    let mut tally = Tally::new("orders: POST and settlement, commits not heard of", &[]);
    let mut refused = 0;
    // More often than the customer's patience lasts, the last two.
    for (number, times) in (1_u64..).zip([1, 2, 6, 9]) {
        let what = format!("{times} lost answers");
        let key = format!("key-{times}");
        let lost = || Trouble {
            fault: Fault::Unheard,
            times,
        };
        ground.tap.arm(When::Named("commitTransaction", 0), lost());
        let order = loop {
            let answer = client.order(&[("cup", 1)], &[(header, &key)]).await;
            if answer.status == 201 {
                break answer.text("id").parse::<OrderId>().unwrap();
            }
            assert_eq!(answer.problem(), (503, "unavailable"), "{what}");
            refused += 1;
        };
        let met = ground.tap.met();
        assert!(met > 0, "{what}: not met");
        ground.tap.rest();
        tally.count("POST");
        let all = placed(&ground).await;
        assert_eq!(all.len() as u64, number, "{what}: one order more");

        ground.tap.arm(When::Named("commitTransaction", 0), lost());
        let accepted = OrderStatusUpdate {
            order_id: order,
            status: OrderStatus::Accepted,
            reason: None,
            version: 1,
        };
        bed.publish(&accepted, MessageContext::default()).await;
        eventually(&format!("{what}: settled"), async || {
            ground.shop.order(order).await.status == OrderStatus::Accepted
        })
        .await;
        assert!(ground.tap.met() > 0, "{what}: the settlement was heard of");
        ground.tap.rest();
        tally.count("settlement");
        let settled = ground.shop.order(order).await;
        assert_eq!(
            (settled.version, settled.history.len()),
            (2, 2),
            "{what}: one step"
        );
    }
    assert!(refused > 0, "no customer had to repeat a request");

    let created = bed.read::<events::OrderCreate>();
    let mut said: Vec<OrderId> = created.await.iter().map(|e| e.event.order_id).collect();
    said.sort_unstable();
    said.dedup();
    let mut ids = placed(&ground).await;
    ids.sort_unstable();
    assert_eq!(said, ids, "what is there is said, and nothing else");
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    assert_eq!(ground.said().await, [], "all is published");
    tally.report();
}

async fn placed(ground: &Ground) -> Vec<OrderId> {
    let all = audit_view(&ground.shop.database).orders().await.unwrap();
    all.map_ok(|order| order.id).try_collect().await.unwrap()
}
