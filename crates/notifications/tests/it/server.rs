//! A running service, and events for it.

use std::ops::Deref;

use events::money::DEFAULT_CURRENCY;
use events::{
    AccountId, AccountUpdate, Asks, Money, OrderId, OrderLine, OrderStatus, OrderUpdate, ProductId,
};
use host::Service as _;
use notifications::{Notifications, Settings};
use outbox::MessageContext;
use outbox::jobs::JobAdmin;
use serde_json::Value;
use service::token::Role;
use testkit::{TestEnvironment, TestService, eventually};

/// The service.
pub(crate) struct Server(TestService);

impl Server {
    pub(crate) const NAME: &str = Notifications::NAME;

    pub(crate) async fn start(own: Settings) -> Self {
        Self::start_in(TestEnvironment::new().await, own).await
    }

    pub(crate) async fn start_in(environment: TestEnvironment, own: Settings) -> Self {
        Self(TestService::start::<Notifications>(environment, false, own).await)
    }

    pub(crate) async fn stop(self) -> TestEnvironment {
        self.0.stop().await
    }

    /// A page of mails as an admin sees it.
    pub(crate) async fn page(&self, query: &str) -> Value {
        let admin = self.signer.token(Role::Admin, 600);
        let path = format!("/api/admin/mails{query}");
        let answer = self.get(&path, Some(&admin)).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// All mails, newest first.
    pub(crate) async fn mails(&self) -> Vec<Value> {
        self.page("?page_size=100").await["mails"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Waits until there are so many mails, none of which waits.
    pub(crate) async fn settled(&self, count: usize) -> Vec<Value> {
        let all = || async {
            let mails = self.mails().await;
            mails.len() == count && mails.iter().all(|mail| mail["status"] != "WAITING")
        };
        eventually("no mail waits", all).await;
        self.mails().await
    }

    /// Waits until all that lies in the topics is handled.
    pub(crate) async fn caught_up(&self) {
        let database = self.environment.database(Self::NAME).await;
        for topic in [events::topics::ACCOUNTS, events::topics::ORDERS] {
            let there = self.environment.records(topic).await.len();
            let handled = || async {
                let checkpoints = outbox::InboxStore::checkpoints(&database, Self::NAME).await;
                let of_topic = checkpoints.unwrap();
                let of_topic = of_topic.iter().filter(|claim| claim.at.topic == topic);
                of_topic.map(|claim| claim.next).sum::<i64>() == i64::try_from(there).unwrap()
            };
            eventually("the topic is handled", handled).await;
        }
    }

    pub(crate) async fn publish_account(&self, account: &AccountUpdate) {
        let context = MessageContext::default();
        self.environment.publish(account, context).await;
    }

    pub(crate) async fn publish_order(&self, order: &OrderUpdate) {
        let context = MessageContext::default();
        self.environment.publish(order, context).await;
    }

    /// The service's jobs, as an operator has them.
    pub(crate) async fn jobs(&self) -> JobAdmin<outbox::mongo::MongoDatabase> {
        let database = self.environment.database(Self::NAME).await;
        JobAdmin::new(database, std::sync::Arc::new(outbox::SystemClock))
    }
}

impl Deref for Server {
    type Target = TestService;

    fn deref(&self) -> &TestService {
        &self.0
    }
}

/// The account `number`, at version 1.
pub(crate) fn account(number: u128) -> AccountUpdate {
    AccountUpdate {
        account_id: AccountId::from_u128(number),
        email: Some(format!("person{number}@example.com")),
        role: "user".to_owned(),
        blocked: false,
        token_version: 0,
        deleted: false,
        version: 1,
    }
}

/// The account `number`, deleted at `version`.
pub(crate) fn deleted(number: u128, version: u64) -> AccountUpdate {
    AccountUpdate {
        email: None,
        deleted: true,
        version,
        ..account(number)
    }
}

/// The order `number` of the account `customer`, which came to `status` at `version`.
pub(crate) fn order(
    number: u128,
    customer: u128,
    status: OrderStatus,
    version: u64,
) -> OrderUpdate {
    let price = Money::new(599, DEFAULT_CURRENCY);
    OrderUpdate {
        order_id: OrderId::from_u128(number),
        customer_id: AccountId::from_u128(customer),
        lines: vec![OrderLine {
            product_id: ProductId::from_u128(1),
            name: "cutlery".to_owned(),
            quantity: 2,
            unit_price: price,
            seller: None,
        }],
        total: Money::new(1_198, DEFAULT_CURRENCY),
        asks: Asks::NOTHING,
        status,
        reason: None,
        by: "products".to_owned(),
        version,
    }
}

/// Kinds and statuses of `mails`.
pub(crate) fn kinds(mails: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut kinds: Vec<_> = mails
        .iter()
        .map(|mail| (text(&mail["kind"]), text(&mail["status"])))
        .collect();
    kinds.sort();
    kinds
}
