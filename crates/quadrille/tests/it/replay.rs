//! `quadrille replay`: everything again, and nothing changes; what would be unsafe is refused.

use testkit::eventually;

use crate::shop::Shop;

/// Who hears what.
const HEARD: [(&str, &str); 3] = [
    ("products", "orders.order.v1"),
    ("orders", "products.order-status.v1"),
    ("orders", "products.product.v1"),
];

#[tokio::test(flavor = "multi_thread")]
async fn replaying_everything_changes_nothing() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup", "plate"], 12).await;
    for _ in 0..15 {
        shop.order(&orders, &[("cup", 1), ("plate", 1)]).await;
    }
    shop.settle().await;
    let contents = shop.contents().await;

    for (service, topic) in HEARD {
        let records = shop.environment.records(topic).await.len();
        let arguments = [
            "replay",
            "--service",
            service,
            "--topic",
            topic,
            "--from=earliest",
            "--json",
        ];
        let done = shop.quadrille(&arguments).await.well();
        assert_eq!(done["finished"], true, "{done:#}");
        assert_eq!(done["running"], true, "{done:#}");
        assert_eq!(
            (&done["applied"], &done["parked"]),
            (&0.into(), &0.into()),
            "{done:#}"
        );
        // Products passes over the steps of orders.
        let seen = |what: &str| done[what].as_u64().unwrap();
        assert_eq!(
            seen("duplicates") + seen("passed_over"),
            records as u64,
            "{topic}: {done:#}"
        );
        let steps = if topic == "orders.order.v1" { 15 } else { 0 };
        assert_eq!(seen("passed_over"), steps, "{topic}: {done:#}");
        shop.settle().await;
        assert_eq!(shop.contents().await, contents, "{topic}");
    }
    shop.quadrille(&["audit", "--json"]).await.well();

    // From a time on, one partition, and for people.
    let hour_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let from = format!("--from={hour_ago}");
    let again = shop
        .quadrille(&[
            "replay",
            "--service=orders",
            "--topic=products.product.v1",
            &from,
        ])
        .await;
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stdout.contains("products.product.v1/") && again.stdout.contains("Finished."));
    assert!(again.stdout.contains("duplicate"), "{}", again.stdout);
    let now = format!("--from={}", jiff::Timestamp::now());
    let nothing = shop
        .quadrille(&[
            "replay",
            "--service=orders",
            "--topic=products.product.v1",
            &now,
        ])
        .await;
    assert!(
        nothing.stdout.contains("nothing to handle again"),
        "{}",
        nothing.stdout
    );
    assert_eq!(shop.contents().await, contents);
    products.stop().await;
    orders.stop().await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_a_service_that_does_not_run_begins_with_it() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 5).await;
    shop.order(&orders, &[("cup", 1)]).await;
    shop.settle().await;
    products.stop().await;
    let contents = shop.contents().await;

    let replay = ["replay", "--service=products", "--topic=orders.order.v1"];
    let waiting = shop
        .quadrille(&[&replay[..], &["--from=earliest"]].concat())
        .await;
    assert_eq!(waiting.code, 0, "{}", waiting.stderr);
    assert!(
        waiting.stdout.contains("begins the replay when it starts"),
        "{}",
        waiting.stdout
    );
    assert!(
        waiting.stdout.contains("Not finished."),
        "{}",
        waiting.stdout
    );

    let products = shop.start_products().await;
    eventually("the replay is finished", || async {
        let status = shop
            .quadrille(&[&replay[..], &["--status", "--json"]].concat())
            .await
            .well();
        status["finished"] == true && status["duplicates"] == 1
    })
    .await;
    shop.settle().await;
    assert_eq!(shop.contents().await, contents);

    // At once back, the work goes on.
    let detached = shop
        .quadrille(&[&replay[..], &["--from=earliest", "--detach"]].concat())
        .await;
    assert_eq!(detached.code, 0, "{}", detached.stderr);
    assert!(detached.stdout.contains("--status"), "{}", detached.stdout);
    shop.settle().await;
    assert_eq!(shop.contents().await, contents);
    products.stop().await;
    orders.stop().await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_unsafe_is_refused_with_the_reason() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 5).await;
    let id = shop.order(&orders, &[("cup", 1)]).await;
    shop.settle().await;
    products.stop().await;
    orders.stop().await;
    let partition = outbox::kafka::partition_of(&id, 6);
    let here = format!("--partition={partition}");
    let before = shop.all("products", "checkpoints").await;

    let orders_topic = "--topic=orders.order.v1";
    let refused: [(&[&str], &str); 6] = [
        (
            &["--service=shipping", orders_topic, "--from=earliest"],
            "there are: auth, products, orders, purchases",
        ),
        (
            &["--service=orders", orders_topic, "--from=earliest"],
            "products.order-status.v1",
        ),
        (
            &["--service=products", orders_topic, "--from=77", &here],
            "77 is not there",
        ),
        (
            &[
                "--service=products",
                orders_topic,
                "--from=0",
                "--partition=9",
            ],
            "no partition 9",
        ),
        (
            &["--service=products", orders_topic, "--from=yesterday"],
            "a time with its zone",
        ),
        (&["--service=products", orders_topic], "--from"),
    ];
    for (arguments, reason) in refused {
        let answer = shop.quadrille(&[&["replay"], arguments].concat()).await;
        assert_ne!(answer.code, 0, "{arguments:?}");
        assert!(
            answer.stderr.contains(reason),
            "{arguments:?}: {}",
            answer.stderr
        );
    }
    // A place that the service has not come to: going there would skip a record.
    let database = shop.database("products").await;
    let checkpoints = database
        .database()
        .collection::<bson::Document>("checkpoints");
    let back = bson::doc! { "$set": { "next": 0_i64 } };
    let one = bson::doc! { "topic": "orders.order.v1", "partition": partition };
    let was = checkpoints.find_one_and_update(one.clone(), back).await;
    let was = was.unwrap().unwrap().get_i64("next").unwrap();
    let skip = [
        "replay",
        "--service=products",
        orders_topic,
        "--from=1",
        &here,
    ];
    let answer = shop.quadrille(&skip).await;
    assert_ne!(answer.code, 0);
    assert!(
        answer.stderr.contains("would skip 1 record"),
        "{}",
        answer.stderr
    );
    checkpoints
        .update_one(one, bson::doc! { "$set": { "next": was } })
        .await
        .unwrap();
    assert_eq!(shop.all("products", "checkpoints").await, before);
    shop.close().await;
}
