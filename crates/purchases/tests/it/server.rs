//! A running service.

use std::ops::Deref;

use outbox::OutboxStore;
use purchases::{Purchases, Settings};
use serde_json::{Value, json};
use testkit::{TestEnvironment, TestService, eventually};

/// The service in a demo start, or in earnest.
pub(crate) struct Server(TestService);

impl Server {
    pub(crate) async fn start(demo: bool) -> Self {
        Self::start_in(TestEnvironment::new().await, demo).await
    }

    pub(crate) async fn start_in(environment: TestEnvironment, demo: bool) -> Self {
        Self(TestService::start::<Purchases>(environment, demo, Settings::default()).await)
    }

    pub(crate) async fn stop(self) -> TestEnvironment {
        self.0.stop().await
    }

    /// Takes `count` purchases of `username` and waits until they are published.
    pub(crate) async fn buy(&self, username: &str, count: u32) {
        for number in 0..count {
            let body = purchase(username, &number.to_string());
            assert_eq!(self.post("/buy", None, &body).await.status(), 200);
        }
        let database = self.environment.database("purchases").await;
        let drained = || async { database.backlog().await.unwrap().records == 0 };
        eventually("the outbox is empty", drained).await;
    }

    /// The purchases of `username` as they are listed.
    pub(crate) async fn purchases(&self, username: &str) -> Value {
        let listed = self.get(&format!("/getAllUserBuys/{username}"), None).await;
        let mut listed: Value = listed.json().await.unwrap();
        listed["purchases"].take()
    }
}

impl Deref for Server {
    type Target = TestService;

    fn deref(&self) -> &TestService {
        &self.0
    }
}

pub(crate) fn purchase(username: &str, timestamp: &str) -> Value {
    json!({ "username": username, "userid": "17", "price": "19.99", "timestamp": timestamp })
}
