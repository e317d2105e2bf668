//! Kafka or MongoDB away: nothing is lost, nobody falls over, all recover by themselves.

use std::time::Duration;

use bson::doc;
use devstack::DevStack;
use outbox::mongo::{MongoDatabase, MongoOptions};
use testkit::{eventually, eventually_within};

use e2e::{Client, Connection, Shop};

async fn own_stack() -> (DevStack, Connection) {
    let stack = testkit::stack::private().await;
    let connection = Connection::new(stack.mongodb_uri(), stack.kafka_brokers());
    (stack, connection)
}

/// Waits until the health of `service` names what is away.
async fn health_says(user: &Client, service: &str, away: &str) {
    eventually(&format!("{service} says that {away} is away"), || async {
        let health = user.get(&format!("/api/{service}_health")).await;
        health.is_ok_and(|answer| answer.status == 503 && answer.body.to_string().contains(away))
    })
    .await;
}

async fn orders_settle_again(user: &Client) {
    let what = "orders are taken and settled again";
    eventually_within(Duration::from_secs(60), what, || async {
        let answer = user.order(&[("cutlery", 1)], 20).await;
        answer.is_ok_and(|answer| answer.text("status") == "ACCEPTED")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_taken_while_kafka_is_away_and_settle_when_it_is_back() {
    let (stack, connection) = own_stack().await;
    let (kafka, _) = testkit::stack::servers(&stack);
    let shop = Shop::start(connection, 1, 1).await.unwrap();
    let user = shop.user().await.unwrap();
    crate::orders_settle(&user).await;

    kafka.kill().await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..25 {
        let answer = user.order(&[("cutlery", 1)], 0).await.unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.text("status"), "PENDING");
        waiting.push(answer.text("id").to_owned());
    }
    health_says(&user, "orders", "kafka").await;

    kafka.start().await.unwrap();
    for id in waiting {
        eventually_within(Duration::from_secs(60), "the order settles", || async {
            let order = user.get(&format!("/api/orders/{id}")).await;
            order.is_ok_and(|answer| answer.text("status") == "ACCEPTED")
        })
        .await;
    }
    shop.audit().await.unwrap();
    shop.stop().await.unwrap();
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_starts_without_kafka_takes_orders_and_settles_them_later() {
    let (stack, connection) = own_stack().await;
    let (kafka, _) = testkit::stack::servers(&stack);
    let name = connection.name.clone();
    let shop = Shop::start(connection, 1, 1).await.unwrap();
    shop.stop().await.unwrap();
    kafka.kill().await.unwrap();

    let connection = Connection {
        name,
        ..Connection::new(stack.mongodb_uri(), stack.kafka_brokers())
    };
    let shop = Shop::launch(connection, 1, 1).unwrap();
    let client = shop.client();
    eventually_within(Duration::from_secs(60), "a user can log in", || async {
        client.log_in("aaa@aaa.com", "aaa@aaa.com").await.is_ok()
    })
    .await;
    let user = shop.user().await.unwrap();
    eventually_within(Duration::from_secs(60), "an order is taken", || async {
        user.order(&[("chair", 1)], 0)
            .await
            .is_ok_and(|answer| answer.status == 201)
    })
    .await;
    kafka.start().await.unwrap();
    eventually_within(Duration::from_secs(60), "it is settled", || async {
        let list = user.get("/api/orders").await;
        list.is_ok_and(|answer| answer.body["orders"][0]["status"] == "ACCEPTED")
    })
    .await;
    shop.audit().await.unwrap();
    shop.stop().await.unwrap();
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mongodb_the_answer_is_503_and_the_shop_recovers() {
    let (stack, connection) = own_stack().await;
    let (_, mongod) = testkit::stack::servers(&stack);
    let shop = Shop::start(connection, 1, 1).await.unwrap();
    let user = shop.user().await.unwrap();
    crate::orders_settle(&user).await;

    mongod.kill().await.unwrap();
    let refused = user.order(&[("cutlery", 1)], 0).await.unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(!refused.text("detail").is_empty(), "{refused:?}");
    assert_eq!(user.get("/api/products").await.unwrap().status, 503);
    assert_eq!(user.get("/api/orders").await.unwrap().status, 503);
    health_says(&user, "products", "mongodb").await;

    mongod.start().await.unwrap();
    orders_settle_again(&user).await;
    shop.audit().await.unwrap();
    shop.stop().await.unwrap();
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_that_hang_in_mongodb_are_given_up_and_the_shop_recovers() {
    let (stack, connection) = own_stack().await;
    let shop = Shop::start(connection, 1, 1).await.unwrap();
    let user = shop.user().await.unwrap();
    crate::orders_settle(&user).await;

    // The driver's heartbeats are answered all the while, and what hangs once hangs for longer than
    // this test takes.
    let server = hang(&stack).await;
    let refused = user.order(&[("cutlery", 1)], 0).await.unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(user.get("/api/orders").await.unwrap().status, 503);
    health_says(&user, "products", "mongodb").await;

    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    // The server lets go of new operations at once, and answers when those that hang are over.
    let answer = tokio::spawn(async move { server.database().run_command(off).await });
    orders_settle_again(&user).await;
    assert_eq!(user.get("/api/products").await.unwrap().status, 200);
    shop.audit().await.unwrap();
    shop.stop().await.unwrap();
    assert!(!answer.is_finished(), "nothing hangs any more");
    answer.abort();
    // It would wait for what hangs.
    let (_, mongod) = testkit::stack::servers(&stack);
    mongod.kill().await.unwrap();
    stack.shutdown().await;
}

/// Has the server hold every operation of a store for ten minutes; where to say that it is over.
async fn hang(stack: &DevStack) -> MongoDatabase {
    let options = MongoOptions::default();
    let server = MongoDatabase::connect(stack.mongodb_uri(), "admin", options);
    let server = server.await.unwrap();
    let operations = [
        "find",
        "getMore",
        "aggregate",
        "insert",
        "update",
        "delete",
        "findAndModify",
        "count",
        "commitTransaction",
        "abortTransaction",
        "ping",
    ];
    let held = doc! {
        "failCommands": operations.to_vec(),
        "blockConnection": true,
        "blockTimeMS": 600_000,
    };
    let on = doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": held };
    server.database().run_command(on).await.unwrap();
    server
}
