//! A shop of which payments runs, with a provider.

use std::ops::Deref;

use events::money::DEFAULT_CURRENCY;
use events::{
    AccountId, Asks, LedgerAccount, Money, OrderDetails, OrderId, OrderLine, OrderStatus,
    OrderUpdate, PaymentChoice, PaymentUpdate, ProductId,
};
use outbox::rows::as_uuid;
use outbox::{MessageContext, Query, Rows as _};
use payment_simulator::PaymentSimulator;
use payment_simulator::faults::Faults;
use payments::store::{BalanceRow, LedgerRow};
use payments::{Payments, Settings};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use service::token::Role;
use testkit::{TestEnvironment, TestService, eventually};

use crate::relay::Relay;

pub(crate) const TOTAL: i64 = 1_198;

pub(crate) struct Shop {
    payments: TestService,
    provider: TestService,
    pub(crate) relay: Relay,
    client: Client,
    customer: (AccountId, String),
    settings: Settings,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(Settings::default()).await
    }

    pub(crate) async fn open_with(settings: Settings) -> Self {
        let relay = Relay::start().await;
        let own = payment_simulator::Settings {
            webhook_url: Some(relay.url.clone()),
            ..payment_simulator::Settings::default()
        };
        let environment = TestEnvironment::new().await;
        let provider = TestService::start::<PaymentSimulator>(environment, true, own).await;
        let settings = Settings {
            payment_provider_url: Some(provider.url("")),
            ..settings
        };
        let environment = TestEnvironment::new().await;
        let payments = TestService::start::<Payments>(environment, true, settings.clone()).await;
        relay.leads_to(Some(payments.url("/hooks/payments")));
        let (token, claims) = payments.signer.token_and_claims(Role::User, 600);
        Self {
            settings,
            customer: (claims.sub.parse().unwrap(), token),
            payments,
            provider,
            relay,
            client: Client::new(),
        }
    }

    /// The same shop after payments has ended, `restore` was done, and payments runs again. The customer's
    /// token is of no use then.
    pub(crate) async fn restored(mut self, restore: impl AsyncFnOnce()) -> Self {
        let environment = self.payments.stop().await;
        restore().await;
        let settings = self.settings.clone();
        self.payments = TestService::start::<Payments>(environment, true, settings).await;
        self.relay
            .leads_to(Some(self.payments.url("/hooks/payments")));
        self
    }

    pub(crate) async fn close(self) {
        self.payments.stop().await;
        self.provider.stop().await;
    }

    /// The customer, and a token of theirs.
    pub(crate) fn customer(&self) -> (AccountId, String) {
        self.customer.clone()
    }

    pub(crate) fn admin(&self) -> String {
        self.signer.token(Role::Admin, 600)
    }

    /// Publishes that the order `number` has come to `status`.
    pub(crate) async fn order(&self, number: u128, status: OrderStatus) {
        let context = MessageContext::default();
        let version = match status {
            OrderStatus::Accepted => 2,
            _ => 3,
        };
        let order = order(number, self.customer.0, status, version);
        self.environment.publish(&order, context).await;
    }

    /// Publishes how the order `number` is to be paid for.
    pub(crate) async fn details(&self, number: u128, payment: PaymentChoice) {
        let details = OrderDetails {
            order_id: OrderId::from_u128(number),
            customer_id: self.customer.0,
            payment: Some(payment),
            delivery: None,
            version: 1,
        };
        self.environment
            .publish(&details, MessageContext::default())
            .await;
    }

    pub(crate) async fn by_card(&self, number: u128, token: &str) {
        let token = token.to_owned();
        self.details(number, PaymentChoice::Card { token }).await;
        self.order(number, OrderStatus::Accepted).await;
    }

    /// The payment of the order `number`; null while there is none.
    pub(crate) async fn payment(&self, number: u128) -> Value {
        let answer = self.get(&path(number), Some(&self.admin())).await;
        if answer.status() == 404 {
            return Value::Null;
        }
        answer.json().await.unwrap()
    }

    /// Waits until the payment of the order `number` is `status`.
    pub(crate) async fn comes_to(&self, number: u128, status: &str) -> Value {
        let what = format!("the payment is {status}");
        eventually(&what, || async {
            self.payment(number).await["status"] == status
        })
        .await;
        self.payment(number).await
    }

    /// The customer tries to pay.
    pub(crate) async fn pay(&self, number: u128, how: Value) -> Response {
        let (_, token) = self.customer();
        self.post(&path(number), Some(&token), &how).await
    }

    /// What the provider says.
    pub(crate) async fn provider(&self, path: &str) -> Value {
        let asked = self.client.get(self.provider.url(path));
        let asked = asked.bearer_auth(payment_simulator::DEMO_KEY);
        asked.send().await.unwrap().json().await.unwrap()
    }

    /// What the provider has charged and refunded.
    pub(crate) async fn books(&self) -> (i64, i64) {
        let totals = &self.provider("/v1/books").await["totals"]["EUR"];
        let sum = |name: &str| totals[name].as_i64().unwrap_or_default();
        (sum("charged"), sum("refunded"))
    }

    /// Has the provider fail.
    pub(crate) async fn provider_fails(&self, faults: &Faults) {
        let put = self
            .client
            .put(self.provider.url("/v1/faults"))
            .json(faults);
        let put = put.bearer_auth(payment_simulator::DEMO_KEY);
        assert_eq!(put.send().await.unwrap().status(), 200);
    }

    /// Waits until nothing is to be done any more.
    pub(crate) async fn rests(&self) {
        let database = self.environment.database("payments").await;
        eventually("no job is left", || async {
            let counts = outbox::JobStore::job_counts(&database).await.unwrap();
            counts.waiting + counts.running == 0
        })
        .await;
    }

    /// Waits until all is published.
    pub(crate) async fn drained(&self) {
        let database = self.environment.database("payments").await;
        eventually("the outbox is empty", || async {
            outbox::OutboxStore::backlog(&database)
                .await
                .unwrap()
                .records
                == 0
        })
        .await;
    }

    /// Waits until nothing is to be done, and holds the books against each other.
    pub(crate) async fn audit(&self) {
        self.rests().await;
        let database = self.environment.database("payments").await;
        let entries: Vec<LedgerRow> = database.read(Query::all()).await.unwrap();
        let mut provider = 0;
        let mut balances = 0;
        for entry in &entries {
            let sum: i64 = entry.postings.iter().map(|it| it.minor).sum();
            assert_eq!(sum, 0, "{entry:?}");
            for posting in &entry.postings {
                match posting.account {
                    LedgerAccount::Provider => provider += posting.minor,
                    LedgerAccount::Balances => balances += posting.minor,
                    _ => {}
                }
            }
        }
        let (charged, refunded) = self.books().await;
        assert_eq!(provider, charged - refunded, "{entries:#?}");
        let kept: Vec<BalanceRow> = database.read(Query::all()).await.unwrap();
        assert_eq!(kept.iter().map(|it| it.minor).sum::<i64>(), -balances);
        let published = self.updates().await;
        for (at, update) in published.iter().enumerate() {
            let later = &published[at + 1..];
            let same = later.iter().find(|it| it.order_id == update.order_id);
            assert!(same.is_none_or(|it| it.version == update.version + 1));
        }
    }

    /// All that was published of payments.
    pub(crate) async fn updates(&self) -> Vec<PaymentUpdate> {
        let all = self.environment.read::<PaymentUpdate>().await;
        all.into_iter().map(|one| one.event).collect()
    }

    /// The balance of the customer.
    pub(crate) async fn balance(&self) -> Value {
        let (_, token) = self.customer();
        let answer = self.get("/api/balance", Some(&token)).await;
        answer.json::<Value>().await.unwrap()["balance"].take()
    }

    /// Puts `amount` into the customer's balance.
    pub(crate) async fn grant(&self, amount: Value) -> Response {
        let (account, _) = self.customer();
        let path = format!("/api/admin/accounts/{account}/balance");
        let body = json!({ "amount": amount, "reason": "a voucher" });
        self.post(&path, Some(&self.admin()), &body).await
    }

    /// An admin refunds.
    pub(crate) async fn refund(&self, number: u128, body: Value) -> Response {
        let path = format!("/api/admin/orders/{}/refunds", OrderId::from_u128(number));
        self.post(&path, Some(&self.admin()), &body).await
    }

    /// The ids of what is kept, for what is read once more.
    pub(crate) async fn row(&self, number: u128) -> payments::store::PaymentRow {
        let database = self.environment.database("payments").await;
        let id = as_uuid::of(OrderId::from_u128(number));
        let found = database.read(bson::doc! { "_id": id }).await.unwrap();
        found.into_iter().next().unwrap()
    }
}

impl Deref for Shop {
    type Target = TestService;

    fn deref(&self) -> &TestService {
        &self.payments
    }
}

pub(crate) fn path(number: u128) -> String {
    format!("/api/orders/{}/payment", OrderId::from_u128(number))
}

/// The order `number` of `customer`, which came to `status` at `version`.
pub(crate) fn order(
    number: u128,
    customer: AccountId,
    status: OrderStatus,
    version: u64,
) -> OrderUpdate {
    OrderUpdate {
        order_id: OrderId::from_u128(number),
        customer_id: customer,
        lines: vec![OrderLine {
            product_id: ProductId::from_u128(1),
            name: "cutlery".to_owned(),
            quantity: 2,
            unit_price: Money::new(TOTAL / 2, DEFAULT_CURRENCY),
            seller: None,
        }],
        total: Money::new(TOTAL, DEFAULT_CURRENCY),
        asks: Asks {
            payment: true,
            delivery: false,
        },
        status,
        reason: None,
        by: "products".to_owned(),
        version,
    }
}
