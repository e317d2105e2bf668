//! Many requests, few transactions.

use std::time::Duration;

use bson::doc;
use events::OrderStatus;
use futures::future::join_all;
use orders::BatchSettings;
use orders::commands::{Declined, GroupCommit, OrderQueue, Placed, QueueError};
use orders::domain::Refusal;
use orders::store::OrdersStore;
use outbox::mongo::{MongoDatabase, MongoOptions};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Shop, clock, customer, request};

pub struct Running {
    pub order_queue: OrderQueue,
    pub writers: JoinSet<()>,
    pub closing: CancellationToken,
}

pub fn start<D: OrdersStore>(database: &D, settings: BatchSettings) -> Running {
    let closing = CancellationToken::new();
    let (order_queue, writers) = GroupCommit::start(database.clone(), clock(), settings, &closing);
    Running {
        order_queue,
        writers,
        closing,
    }
}

#[tokio::test]
async fn requests_that_come_together_share_a_transaction() {
    let shop = Shop::open().await;
    let running = start(&shop.database, BatchSettings::default());
    let requests = (0..200).map(|_| {
        running
            .order_queue
            .place(request(customer(), &[("cup", 1)], None))
    });
    for decision in join_all(requests).await {
        assert!(matches!(decision, Ok(Ok(Placed::New(_)))), "{decision:?}");
    }
    assert_eq!(shop.count("orders").await, 200);
    assert_eq!(shop.take_pending().await.len(), 200);
    let records = shop.count("outbox").await;
    assert!(records <= 20, "{records} transactions for 200 orders");
}

#[tokio::test]
async fn one_order_a_transaction_can_be_had() {
    let shop = Shop::open().await;
    let settings = BatchSettings {
        max_batch: 1,
        ..BatchSettings::default()
    };
    let running = start(&shop.database, settings);
    let requests = (0..10).map(|_| {
        running
            .order_queue
            .place(request(customer(), &[("cup", 1)], None))
    });
    assert!(
        join_all(requests)
            .await
            .iter()
            .all(|decision| matches!(decision, Ok(Ok(_))))
    );
    assert_eq!(shop.count("outbox").await, 10);
}

#[tokio::test]
async fn a_refused_neighbour_harms_nobody() {
    let shop = Shop::open().await;
    let running = start(&shop.database, BatchSettings::default());
    let place = |lines| running.order_queue.place(request(customer(), lines, None));
    let (good, unknown, scarce, also_good) = tokio::join!(
        place(&[("chair", 30)]),
        place(&[("ghost", 1)]),
        place(&[("chair", 31)]),
        place(&[("cup", 2)]),
    );
    assert!(matches!(good, Ok(Ok(Placed::New(_)))));
    assert!(matches!(also_good, Ok(Ok(Placed::New(_)))));
    let refusal = |decision| match decision {
        Ok(Err(Declined::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refusal(unknown),
        Refusal::UnknownProduct {
            name: "ghost".into()
        }
    );
    assert_eq!(
        refusal(scarce),
        Refusal::InsufficientStock {
            name: "chair".into(),
            wanted: 31,
            available: 30
        }
    );
    assert_eq!(
        (shop.count("orders").await, shop.take_pending().await.len()),
        (2, 2)
    );
}

#[tokio::test]
async fn an_order_that_the_database_refuses_fails_alone() {
    let shop = Shop::open().await;
    let validator = doc! { "collMod": "orders", "validator": { "lines.quantity": { "$ne": 13 } } };
    shop.database
        .database()
        .run_command(validator)
        .await
        .unwrap();
    let running = start(&shop.database, BatchSettings::default());
    let requests = (1..=20).map(|quantity| {
        running
            .order_queue
            .place(request(customer(), &[("cup", quantity)], None))
    });
    let answers = join_all(requests).await;
    for (quantity, answer) in (1..).zip(&answers) {
        match answer {
            Err(QueueError::Failed(_)) => assert_eq!(quantity, 13),
            Ok(Ok(Placed::New(_))) => assert_ne!(quantity, 13),
            other => panic!("{quantity}: {other:?}"),
        }
    }
    assert_eq!(
        (shop.count("orders").await, shop.take_pending().await.len()),
        (19, 19)
    );
}

#[tokio::test]
async fn what_is_queued_is_answered_before_the_end_and_nothing_is_taken_after_it() {
    let shop = Shop::open().await;
    let mut running = start(&shop.database, BatchSettings::default());
    let queued = (0..50).map(|_| {
        running
            .order_queue
            .place(request(customer(), &[("cup", 1)], None))
    });
    let queued = join_all(queued);
    let ending = async {
        tokio::task::yield_now().await;
        running.closing.cancel();
    };
    let (answers, ()) = tokio::join!(queued, ending);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(Ok(Placed::New(_)))))
    );
    while running.writers.join_next().await.is_some() {}
    assert_eq!(shop.count("orders").await, 50);
    let late = running
        .order_queue
        .place(request(customer(), &[("cup", 1)], None))
        .await;
    assert!(matches!(late, Err(QueueError::Unavailable(_))), "{late:?}");
}

#[tokio::test]
async fn without_a_database_requests_fail_soon_and_a_full_queue_refuses_at_once() {
    let options = MongoOptions {
        timeout: Duration::from_secs(30),
        ..MongoOptions::default()
    };
    // Port 1 is nobody's.
    let nowhere = "mongodb://127.0.0.1:1/?directConnection=true";
    let database = MongoDatabase::connect(nowhere, "orders", options)
        .await
        .unwrap();
    let settings = BatchSettings {
        max_batch: 1,
        writers: 1,
        queue: 1,
        patience: Duration::from_millis(300),
        ..BatchSettings::default()
    };
    let running = start(&database, settings);
    let place = || {
        running
            .order_queue
            .place(request(customer(), &[("cup", 1)], None))
    };
    let began = std::time::Instant::now();
    let answers = join_all((0..5).map(|_| place())).await;
    assert!(began.elapsed() < Duration::from_secs(3));
    let busy = answers
        .iter()
        .filter(|answer| matches!(answer, Err(QueueError::Busy)))
        .count();
    let away = answers
        .iter()
        .filter(|answer| matches!(answer, Err(QueueError::Unavailable(_))))
        .count();
    assert!(busy >= 3, "{answers:?}");
    assert_eq!(busy + away, 5);
}

#[tokio::test]
async fn an_order_is_settled_only_from_where_it_stood() {
    use orders::domain::{Author, Step};
    use orders::store::{OrderState, OrderTransition, OrdersStore};
    use outbox::Database;
    let shop = Shop::open().await;
    let order = shop.place_one(customer()).await;
    let now = jiff::Timestamp::now();
    let from = OrderState {
        id: order.id,
        customer: order.customer,
        status: OrderStatus::Pending,
        version: 1,
    };
    let to = |to| OrderTransition {
        from,
        step: Step {
            status: to,
            at: now,
            by: Author::Products,
            reason: None,
            note: None,
        },
        written_at: now,
    };
    shop.settle(order.id, OrderStatus::Accepted).await;
    let mut tx = shop.database.begin().await.unwrap();
    let fault = shop
        .database
        .settle(&mut tx, &[to(OrderStatus::Rejected)])
        .await
        .unwrap_err();
    assert_eq!(fault.kind(), outbox::ErrorKind::Conflict);
    shop.database.abort(tx).await;
    assert_eq!(shop.order(order.id).await.status, OrderStatus::Accepted);
}
