//! The whole service, whose commits are not heard of: the server commits, and the answer is lost.

use std::time::Duration;

use events::{OrderId, OrderStatus, OrderStatusUpdate, topics};
use futures::TryStreamExt as _;
use orders::store::audit::audit_view;
use orders::{BatchSettings, Orders, Settings};
use outbox::MessageContext;
use outbox::kafka::TopicSpec;
use service::config::MongoSettings;
use service::lifecycle::Lifecycle;
use service::token::Role;
use testkit::eventually;
use testkit::faults::{Fault, FaultCounts, Trouble, When};

use super::Setup;
use crate::fixture::customer;
use crate::server::{Client, Signer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_repeated_after_lost_commits_is_one_order_settled_once() {
    repeated("Idempotency-Key").await;
}

/// With the key in `header`.
pub async fn repeated(header: &str) {
    let setup = Setup::new().await;
    let environment = setup.shop.environment();
    environment.topics(topics::ALL).await;
    let dead_letters = [topics::ORDER_STATUS, topics::PRODUCTS]
        .map(|topic| TopicSpec::dead_letters(topic, "orders", 1));
    environment.ensure_topics(&dead_letters).await;
    let signer = Signer::start().await;
    let settings = host::Settings {
        mongo: MongoSettings::new(setup.proxy.uri(), &environment.database_name("orders")),
        ..environment.settings::<Orders>(&signer.jwks_url)
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

    let mut fault_counts =
        FaultCounts::new("orders: POST and settlement, commits not heard of", &[]);
    let mut refused = 0;
    // More often than the customer's patience lasts, the last two.
    for (number, times) in (1_u64..).zip([1, 2, 6, 9]) {
        let what = format!("{times} lost answers");
        let key = format!("key-{times}");
        let lost = || Trouble {
            fault: Fault::Unheard,
            times,
        };
        setup.proxy.arm(When::Named("commitTransaction", 0), lost());
        let order = loop {
            let answer = client.order(&[("cup", 1)], &[(header, &key)]).await;
            if answer.status == 201 {
                break answer.text("id").parse::<OrderId>().unwrap();
            }
            assert_eq!(answer.problem(), (503, "unavailable"), "{what}");
            refused += 1;
        };
        let met = setup.proxy.met();
        assert!(met > 0, "{what}: not met");
        setup.proxy.rest();
        fault_counts.count("POST");
        let all = placed(&setup).await;
        assert_eq!(all.len() as u64, number, "{what}: one order more");

        setup.proxy.arm(When::Named("commitTransaction", 0), lost());
        let accepted = OrderStatusUpdate {
            order_id: order,
            status: OrderStatus::Accepted,
            reason: None,
            version: 1,
        };
        environment
            .publish(&accepted, MessageContext::default())
            .await;
        eventually(&format!("{what}: settled"), async || {
            setup.shop.order(order).await.status == OrderStatus::Accepted
        })
        .await;
        assert!(setup.proxy.met() > 0, "{what}: the settlement was heard of");
        setup.proxy.rest();
        fault_counts.count("settlement");
        let settled = setup.shop.order(order).await;
        assert_eq!(
            (settled.version, settled.history.len()),
            (2, 2),
            "{what}: one step"
        );
    }
    assert!(refused > 0, "no customer had to repeat a request");

    let created = environment.read::<events::OrderCreate>();
    let mut published: Vec<OrderId> = created.await.iter().map(|e| e.event.order_id).collect();
    published.sort_unstable();
    published.dedup();
    let mut ids = placed(&setup).await;
    ids.sort_unstable();
    assert_eq!(published, ids, "what is there is said, and nothing else");
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    assert_eq!(setup.published().await, [], "all is published");
    fault_counts.report();
}

async fn placed(setup: &Setup) -> Vec<OrderId> {
    let all = audit_view(&setup.shop.database).orders().await.unwrap();
    all.map_ok(|order| order.id).try_collect().await.unwrap()
}
