//! What a service may not register.

use std::time::Duration;

use host::{App, Context, Instance, Service, Settings, StartError};
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;

use crate::fixture::{Ping, Pings};

#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
struct Nothing {}

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

#[tokio::test]
async fn two_handlers_of_one_event_are_refused_at_the_start() {
    // Nothing listens there: it is refused before anything is called.
    let nowhere = "127.0.0.1:1";
    let settings = Settings {
        http: HttpSettings::on_free_port(),
        mongo: MongoSettings::new(&format!("mongodb://{nowhere}/"), "twice"),
        kafka: KafkaSettings::new(nowhere, ""),
        tokens: TokenSettings::new(&format!("http://{nowhere}/")),
        demo: false,
    };
    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    let Err(refused) = host::start::<Twice>(settings, Nothing {}, &lifecycle).await else {
        panic!("it started");
    };
    let expected =
        "twice registers two handlers for Ping of pings.ping.v1; one handler has to do both";
    assert_eq!(refused.to_string(), expected);
}
