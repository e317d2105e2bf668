//! `quadrille up`: the whole shop on this machine.
//!
//! All services run in this process, each through the function that `serve` uses, with its
//! own database and consumer group; Kafka and mongod are processes of their own, found or
//! provisioned by `devstack`.

mod progress;
pub(crate) mod state;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use auth::Auth;
use clap::{Args, ValueEnum};
use devstack::{DevStack, Options, Profile};
use gateway::{Addresses, EdgeSettings};
use host::{Role, Service};
use orders::Orders;
use outbox::mongo::{MongoDatabase, MongoOptions};
use quadrille::{DEMO_SERVICES, SERVICES};
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;

use self::progress::Steps;
use self::state::State;
use crate::services::OwnSettings;
use crate::{choreography, health, seed, serve};

/// What `up` logs unless `RUST_LOG` says otherwise: an order's way, and what is wrong.
pub(crate) const LOG_FILTER: &str = "warn,order=info,orders=warn";

/// How to start the shop.
#[derive(Debug, Clone, Args)]
pub(crate) struct UpArgs {
    /// The port of the shop's address
    #[arg(long, default_value_t = 8080, env = "QUADRILLE_PORT")]
    pub(crate) port: u16,
    /// Address and port for the metrics of all services, which share this process, such as
    /// 127.0.0.1:9464 [default: where each service listens, at a free port; never at the shop's address]
    #[arg(long, value_name = "ADDRESS:PORT", env = "QUADRILLE_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Start over: delete the data of earlier starts
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Where the data is kept
    #[arg(long, default_value = ".quadrille", env = "QUADRILLE_DATA_DIR")]
    pub(crate) data_dir: PathBuf,
    /// The folder of the web UI; without it, the one that this checkout has built, if any
    #[arg(long, env = "QUADRILLE_WEB_ROOT")]
    pub(crate) web_root: Option<PathBuf>,
    /// What Kafka is tuned for
    #[arg(long, value_enum, default_value = "light")]
    pub(crate) kafka: KafkaTuning,
    /// Put NAME before every database and topic, so that several shops can share servers
    #[arg(long, value_name = "NAME", env = "QUADRILLE_SHOP")]
    pub(crate) shop: Option<String>,
    /// Most messages in one transaction, and most outbox records in one round
    #[arg(long, value_name = "MESSAGES", default_value_t = KafkaSettings::BATCH, env = "QUADRILLE_MESSAGE_BATCH", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    pub(crate) message_batch: usize,
    /// What the edge lets in
    #[command(flatten)]
    pub(crate) edge: EdgeSettings,
    /// What can be set for one service alone.
    #[command(flatten)]
    pub(crate) own: OwnSettings,
}

impl UpArgs {
    fn database(&self, service: &str) -> String {
        match &self.shop {
            Some(shop) => format!("{shop}_{service}"),
            None => service.to_owned(),
        }
    }

    /// Listening on `port` of the loopback interface.
    fn http(&self, port: u16) -> HttpSettings {
        HttpSettings {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            metrics_listen: self.metrics_listen,
            ..Default::default()
        }
    }

    fn topic_prefix(&self) -> String {
        self.shop
            .as_deref()
            .map(|shop| format!("{shop}."))
            .unwrap_or_default()
    }
}

/// What Kafka is tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KafkaTuning {
    /// Little memory, a quick start
    Light,
    /// A busy broker: more heap, an optimizing compiler
    Throughput,
}

/// Starts everything and stays until it is told to stop.
///
/// # Errors
/// When a part can't be started; the text names it and what would help.
pub(crate) async fn run(args: &UpArgs) -> anyhow::Result<()> {
    let began = Instant::now();
    let lifecycle = Lifecycle::new(serve::GRACE);
    lifecycle.on_signals()?;
    // Before servers are started for nothing.
    let metrics = service::http::serve_metrics(&args.http(args.port), &lifecycle).await?;
    let metrics = metrics.map(health::from_here);
    let steps = Arc::new(Steps::default());
    let mut options = Options::new(&args.data_dir);
    options.fresh = args.fresh;
    options.progress = steps.clone();
    options.profile = match args.kafka {
        KafkaTuning::Light => Profile::Light,
        KafkaTuning::Throughput => Profile::Throughput,
    };
    let stop = lifecycle.shutdown().soft();
    let stack = tokio::select! {
        stack = DevStack::start(options) => stack?,
        () = stop.cancelled() => return Ok(()),
    };
    let running = tokio::select! {
        running = start_services(args, metrics, &stack, &lifecycle, &steps) => running,
        () = stop.cancelled() => Ok(Vec::new()),
    };
    let outcome = match running {
        Ok(beside) if !stop.is_cancelled() => {
            let url = format!("http://localhost:{}", args.port);
            stack.describe_holder(&format!("serving {url}"))?;
            State::new(&url, &stack).save(&args.data_dir)?;
            steps.finish();
            print_banner(&url, metrics, &beside, &stack, began);
            lifecycle.join().await.map_err(anyhow::Error::from)
        }
        Ok(_) => lifecycle.join().await.map_err(anyhow::Error::from),
        Err(error) => {
            lifecycle.trigger();
            let _ = lifecycle.join().await;
            Err(error)
        }
    };
    State::forget(&args.data_dir);
    eprintln!("Stopping Kafka and MongoDB; the data stays for the next start.");
    stack.shutdown().await;
    outcome
}

/// Comes back with the services beside the shop and where they listen.
async fn start_services(
    args: &UpArgs,
    metrics: Option<SocketAddr>,
    stack: &DevStack,
    lifecycle: &Lifecycle,
    steps: &Steps,
) -> anyhow::Result<Vec<(&'static str, SocketAddr)>> {
    let mongo = |name: &str| MongoSettings::new(stack.mongodb_uri(), &args.database(name));
    let kafka = KafkaSettings {
        batch: args.message_batch,
        ..KafkaSettings::new(stack.kafka_brokers(), &args.topic_prefix())
    };
    let step = steps.begin("starting the services");
    let mut common = host::Settings {
        http: args.http(0),
        kafka,
        demo: true,
        addresses: [("gateway", format!("http://127.0.0.1:{}", args.port))].into(),
        ..host::Settings::default()
    };
    let (mut addresses, mut beside) = (Vec::new(), Vec::new());
    let mut in_process = HashMap::new();
    for service in SERVICES {
        common.mongo = mongo(service.name());
        migrate_older_data(*service, &common.mongo).await?;
        let running = service
            .start(common.clone(), &args.own.0, lifecycle)
            .await?;
        if service.name() == Auth::NAME {
            let keys = format!("http://{}/.well-known/jwks.json", running.address);
            common.tokens = TokenSettings::new(&keys);
            // Services of the shop may call these.
            for service in DEMO_SERVICES {
                common.mongo = mongo(service.name());
                let running = service
                    .start(common.clone(), &args.own.0, lifecycle)
                    .await?;
                let url = format!("http://{}", running.address);
                common.addresses.insert(service.name(), url);
                beside.push((service.name(), running.address));
            }
        }
        addresses.push((service.name(), running.address));
        in_process.insert(service.name(), running.routes);
    }
    let shop = gateway::Shop {
        services: quadrille::upstreams(),
        in_process,
        choreography: choreography::for_the_gateway(),
    };
    let everywhere = |address| Addresses::of(quadrille::names().into_iter().map(|n| (n, address)));
    let gateway = gateway::Settings {
        http: args.http(args.port),
        tokens: common.tokens,
        upstreams: Addresses::of(addresses.iter().copied()),
        upstream_metrics: metrics.map(everywhere),
        web_root: args.web_root.clone().or_else(built_web),
        edge: args.edge.clone(),
        ..gateway::Settings::default()
    };
    gateway::start(gateway, shop, lifecycle, None)
        .await
        .with_context(|| {
            format!(
                "the gateway can't listen on port {}; choose another with --port",
                args.port
            )
        })?;
    step.done();
    let step = steps.begin("loading the demo data");
    let uri = stack.mongodb_uri();
    for service in SERVICES {
        seed::load(*service, uri, &args.database(service.name())).await?;
    }
    step.done();
    let step = steps.begin("waiting until every service is ready");
    for (name, address) in addresses.iter().chain(&beside) {
        wait_until_ready(name, *address).await?;
    }
    wait_until_orderable(uri, &args.database(Orders::NAME)).await?;
    step.done();
    Ok(beside)
}

/// Data of an earlier start may be an older build's.
async fn migrate_older_data(service: &dyn Role, settings: &MongoSettings) -> anyhow::Result<()> {
    let database = host::connect(service.name(), settings).await?;
    let migrated = service.migrate(&database).await;
    migrated
        .map(drop)
        .with_context(|| format!("the data of {} can't be migrated", service.name()))
}

/// The demo products reach orders by their events; before that they can be seen, not ordered.
async fn wait_until_orderable(uri: &str, database: &str) -> anyhow::Result<()> {
    let orders = MongoDatabase::connect(uri, database, MongoOptions::default()).await?;
    let view = orders::store::audit::audit_view(&orders);
    let deadline = Instant::now() + READY_WITHIN;
    while view.known_products().await? < products::seed::DEMO_PRODUCTS {
        anyhow::ensure!(
            Instant::now() < deadline,
            "orders has no demo products after a minute: is Kafka up?"
        );
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// How long a part may take to get ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often it is asked.
const POLL: Duration = Duration::from_millis(50);

/// The web UI as this checkout builds it.
fn built_web() -> Option<PathBuf> {
    let built = PathBuf::from("web/dist");
    built.join("index.html").is_file().then_some(built)
}

async fn wait_until_ready(name: &str, address: SocketAddr) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let answer = reqwest::get(format!("http://{address}/readyz")).await;
        let reason = match answer {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        if Instant::now() > deadline {
            anyhow::bail!("{name} is not ready after a minute: {reason}");
        }
        tokio::time::sleep(POLL).await;
    }
}

fn print_banner(
    url: &str,
    metrics: Option<SocketAddr>,
    beside: &[(&str, SocketAddr)],
    stack: &DevStack,
    began: Instant,
) {
    println!(
        "\nQuadrille is up after {:.1} s.\n",
        began.elapsed().as_secs_f64()
    );
    println!("  shop        {url}");
    println!("  API         {url}/docs");
    if let Some(address) = metrics {
        println!("  metrics     http://{address}/metrics");
    }
    for (email, role) in auth::DEMO_USERS {
        println!("  {:<11} {email} (password: the same)", role.as_str());
    }
    for (name, address) in beside {
        println!("  beside it   http://{address} ({name})");
    }
    println!("  MongoDB     {}", stack.mongodb_uri());
    println!("  Kafka       {}", stack.kafka_brokers());
    println!("\nCtrl-C stops it; the data stays. `quadrille up --fresh` starts over.\n");
}
