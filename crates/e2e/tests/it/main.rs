//! Scenarios over the whole system, on the real Kafka and MongoDB.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crowd;
mod in_one_process;
mod instances;
mod metrics;
mod outages;
mod plans;
mod storm;
mod traces;

/// Where the tests' shared servers are, with a name of one's own.
async fn shared_connection() -> e2e::Connection {
    let stack = testkit::stack::shared().await;
    e2e::Connection::new(stack.mongodb_uri(), stack.kafka_brokers())
}

/// An order is taken and accepted while its customer waits.
async fn orders_settle(user: &e2e::Client) {
    let answer = user.order(&[("cutlery", 1)], 20).await.unwrap();
    assert_eq!(answer.text("status"), "ACCEPTED", "{answer:?}");
}
