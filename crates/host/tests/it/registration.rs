//! What a service may not register.

use std::fmt;
use std::time::Duration;

use host::{App, Context, Instance, Service, Settings, StartError};
use outbox::Event;
use replica::Replica;
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;

use crate::fixture::{Ping, Pings};

#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
struct Nothing {}

/// Another owner's event.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Echo {}

impl Event for Echo {
    const TYPE: &'static str = "Echo";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = "echoes.echo.v1";

    fn key(&self) -> String {
        String::new()
    }

    fn aggregate_version(&self) -> u64 {
        1
    }
}

struct Twice;

impl Service for Twice {
    const NAME: &'static str = "twice";
    const ABOUT: &'static str = "Handles one event in two places";
    const PORT: u16 = 8099;
    const HEALTH: &'static str = "/api/twice_health";
    type Settings = Nothing;
    type State = Context<Nothing>;

    fn register(app: &mut App<Self>) {
        app.on::<Ping, Pings>("counts it", |_| Pings::default())
            .on::<Ping, Pings>("counts it again", |_| Pings::default());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Context<Nothing>, StartError> {
        Ok(instance.context())
    }
}

/// What is kept of pings and of their echoes.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Known {}

impl<E: Event> From<&E> for Known {
    fn from(_: &E) -> Self {
        Self {}
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("known")
    }
}

impl Replica for Known {
    const OF: &'static str = "ping";
    const COLLECTION: &'static str = "known";
}

struct TwoOwners;

impl Service for TwoOwners {
    const NAME: &'static str = "two-owners";
    const ABOUT: &'static str = "Keeps the states of two owners in one collection";
    const PORT: u16 = 8099;
    const HEALTH: &'static str = "/api/two-owners_health";
    type Settings = Nothing;
    type State = Context<Nothing>;

    fn register(app: &mut App<Self>) {
        app.replica::<Ping, Known>("keeps it")
            .replica::<Echo, Known>("keeps it too");
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Context<Nothing>, StartError> {
        Ok(instance.context())
    }
}

/// Why `S` does not start. Nothing listens there: it is refused before anything is called.
async fn refused<S: Service<Settings = Nothing>>() -> String {
    let nowhere = "127.0.0.1:1";
    let settings = Settings {
        http: HttpSettings::on_free_port(),
        mongo: MongoSettings::new(&format!("mongodb://{nowhere}/"), "twice"),
        kafka: KafkaSettings::new(nowhere, ""),
        tokens: TokenSettings::new(&format!("http://{nowhere}/")),
        ..Settings::default()
    };
    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    let started = host::start::<S>(settings, Nothing {}, &lifecycle).await;
    started.err().expect("it is refused").to_string()
}

#[tokio::test]
async fn two_handlers_of_one_event_are_refused_at_the_start() {
    assert_eq!(
        refused::<Twice>().await,
        "twice registers two handlers for Ping of pings.ping.v1; one handler has to do both"
    );
}

#[tokio::test]
async fn copies_of_two_owners_in_one_collection_are_refused_at_the_start() {
    assert_eq!(
        refused::<TwoOwners>().await,
        "two-owners keeps copies from echoes.echo.v1 in known, which has those of another owner; \
         each owner's need a collection of their own"
    );
}
