//! A service that consumes pings, some of which are dead letters.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use host::operations::Operator;
use jiff::Timestamp;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::source::Assigned;
use outbox::{
    Clock, DeadLetter, Envelope, Event, EventCollector, Handle, HandleError, InboxStore, Record,
    StoreError, Subscriptions, SystemClock, TopicPartition, Work, transact,
};
use serde_json::{Value, json};
use service::config::{HttpSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use service::token::{Role, Verifier};
use testkit::TestEnvironment;
use uuid::Uuid;

use testkit::Signer;

pub(crate) const TOPIC: &str = "pings.ping.v1";

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Ping {
    name: String,
}

impl Event for Ping {
    const TYPE: &'static str = "Ping";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = TOPIC;

    fn key(&self) -> String {
        self.name.clone()
    }

    fn aggregate_version(&self) -> u64 {
        1
    }
}

/// Takes pings unless it is broken.
#[derive(Clone, Default)]
pub(crate) struct Pings {
    broken: Arc<AtomicBool>,
    received: Arc<Mutex<Vec<Uuid>>>,
}

impl Handle<Ping, MongoDatabase> for Pings {
    async fn handle(
        &self,
        _tx: &mut MongoTx,
        events: &[&Envelope<Ping>],
        _out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(HandleError::DeadLetter("the pings are broken".to_owned()));
        }
        let ids = events.iter().map(|envelope| envelope.id);
        self.received.lock().unwrap().extend(ids);
        Ok(())
    }
}

/// The service over HTTP.
pub(crate) struct Service {
    _environment: TestEnvironment,
    database: MongoDatabase,
    pings: Pings,
    signer: Signer,
    address: SocketAddr,
    lifecycle: Lifecycle,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let environment = TestEnvironment::new().await;
        let database = environment.database("pings").await;
        let signer = Signer::new();
        let keys = signer.publish().await;
        let verifier = Verifier::new(&TokenSettings::new(&format!("http://{keys}/jwks.json")));
        let pings = Pings::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let operator = Operator::new(
            "pings",
            database.clone(),
            Subscriptions::new("pings").on(pings.clone()),
            clock,
            Arc::new(environment.kafka()),
            verifier,
        );
        let routes = host::operations::router("pings", operator);
        let routes = service::http::layers(routes, "pings", &HttpSettings::default());
        let lifecycle = Lifecycle::new(std::time::Duration::from_secs(5));
        let listener = service::http::bind(([127, 0, 0, 1], 0).into())
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let served = service::http::serve(listener, routes, lifecycle.shutdown());
        lifecycle.spawn("pings", served);
        let assigned = Assigned {
            at: TopicPartition::new(TOPIC, 0),
            low: 0,
            high: 100,
            topic_id: None,
        };
        database.claim("pings", &[assigned]).await.unwrap();
        Self {
            _environment: environment,
            database,
            pings,
            signer,
            address,
            lifecycle,
        }
    }

    /// Dead-letters a ping of `key` from `offset`; it waits unless it is the first of its key.
    pub(crate) async fn add_dead_letter(&self, key: &str, offset: i64, waits: bool) -> Uuid {
        let id = Uuid::now_v7();
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let record = Record {
            at: TopicPartition::new(TOPIC, 0),
            offset,
            timestamp: None,
            key: Some(key.to_owned()),
            headers: vec![
                header("ce_id", &id.to_string()),
                header("ce_type", "Ping"),
                header("ce_dataversion", "1"),
                header("ce_time", "2026-01-02T03:04:05Z"),
            ],
            payload: json!({ "name": key }).to_string().into_bytes(),
        };
        let dead_letter = DeadLetter {
            attempts: 1,
            ..DeadLetter::new(
                "pings",
                &record,
                "the pings were broken",
                waits,
                Timestamp::now(),
            )
        };
        let mut add_dead_letter = AddDeadLetter(&self.database, dead_letter);
        transact(&self.database, &mut add_dead_letter)
            .await
            .unwrap();
        id
    }

    /// The service's database.
    pub(crate) fn database(&self) -> &MongoDatabase {
        &self.database
    }

    /// Whether the handler fails from now on.
    pub(crate) fn breaks(&self, broken: bool) {
        self.pings.broken.store(broken, Ordering::SeqCst);
    }

    /// What was handled, in order.
    pub(crate) fn received(&self) -> Vec<Uuid> {
        self.pings.received.lock().unwrap().clone()
    }

    /// Calls for dead letters as someone of `role`; with a body it is a POST.
    pub(crate) async fn call(
        &self,
        path: &str,
        role: Option<Role>,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.call_for("dead-letters", path, role, body).await
    }

    /// Calls for what is called `kind`, likewise.
    pub(crate) async fn call_for(
        &self,
        kind: &str,
        path: &str,
        role: Option<Role>,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("http://{}/api/admin/{kind}/pings{path}", self.address);
        let client = reqwest::Client::new();
        let mut request = match &body {
            Some(body) => client.post(url).json(body),
            None => client.get(url),
        };
        if let Some(role) = role {
            request = request.bearer_auth(self.signer.token(role, 600));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap(),
        };
        (status, body)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(path, Some(Role::Admin), None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(path, Some(Role::Admin), Some(body)).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.lifecycle.trigger();
    }
}

struct AddDeadLetter<'a>(&'a MongoDatabase, DeadLetter);

impl Work<MongoDatabase> for AddDeadLetter<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let dead_letters = std::slice::from_ref(&self.1);
        self.0.add_dead_letters(tx, dead_letters).await.map(drop)
    }
}
