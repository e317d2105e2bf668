//! The system under test: an own Kafka and mongod, and the services behind proxies.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use auth::Auth;
use devstack::proxy::Proxy;
use devstack::{DevStack, Environment, Listener, Options, Server};
use host::Service as _;
use outbox::kafka::KafkaOptions;
use outbox::mongo::{MongoDatabase, MongoOptions};
use payments::Payments;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::shop::UNLIMITED;
use crate::{Connection, Endpoints, Part, Shop, free_port};

/// A free port can be lost before Kafka takes it.
const START_ATTEMPTS: usize = 3;
/// What settles an order has two instances and a spare one.
const SETTLING: [&str; 2] = ["products", "orders"];

/// A right to break something; nothing else breaks it at the same time.
#[derive(Debug)]
pub(super) struct Hold<'a>(&'a AtomicBool);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn hold(busy: &AtomicBool) -> Option<Hold<'_>> {
    busy.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire)
        .ok()
        .map(|_| Hold(busy))
}

/// A server of the stack.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) server: Server,
    busy: AtomicBool,
}

impl Host {
    pub(super) fn hold(&self) -> Option<Hold<'_>> {
        hold(&self.busy)
    }
}

/// A way into or out of a service.
#[derive(Debug)]
pub(super) struct Link {
    /// What is at its other end: `mongodb`, `kafka`, or `gateway` or `payments`, which call the service.
    pub(super) to: &'static str,
    pub(super) proxy: Proxy,
}

/// A service process and its links.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) part: Arc<Part>,
    pub(super) links: Vec<Link>,
    /// Joins only to make its group rebalance.
    pub(super) spare: bool,
    busy: AtomicBool,
}

impl Site {
    pub(super) fn link(&self, to: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.to == to)
    }
}

/// The system under test: everything that runs.
#[derive(Debug)]
pub(super) struct System {
    pub(super) sites: Vec<Site>,
    pub(super) shop: Shop,
    pub(super) kafka: Host,
    pub(super) mongod: Host,
    stack: DevStack,
}

impl System {
    /// Starts all of it in `folder` and waits until it is ready.
    pub(super) async fn start(folder: &Path, program: &Path) -> anyhow::Result<Self> {
        let (mut kafka_links, mut listeners) = (Vec::new(), Vec::new());
        for _ in instances() {
            let proxy = Proxy::bind(None).await?;
            listeners.push(proxy.address().port());
            kafka_links.push(proxy);
        }
        let (stack, ports) = start_stack(folder, &listeners).await?;
        for (proxy, port) in kafka_links.iter().zip(ports) {
            proxy.aim(loopback(port));
        }
        let connection = Connection {
            name: "chaos".to_owned(),
            ..Connection::new(stack.mongodb_uri(), stack.kafka_brokers())
        };
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs)?;
        let program = own_copy(program, folder)?;
        let mut shop = Shop::new(connection, program, Some(logs));
        let host = |server: Option<&Server>| {
            let server = server.context("the stack is not our own")?.clone();
            anyhow::Ok(Host {
                server,
                busy: AtomicBool::new(false),
            })
        };
        let (kafka, mongod) = (host(stack.kafka())?, host(stack.mongod())?);
        let sites = sites(&mut shop, &mongod.server, kafka_links).await?;
        let system = Self {
            sites,
            shop,
            kafka,
            mongod,
            stack,
        };
        system.open().await?;
        Ok(system)
    }

    async fn open(&self) -> anyhow::Result<()> {
        self.shop.seed().await?;
        for site in self.sites.iter().filter(|site| !site.spare) {
            site.part.start()?;
        }
        for site in self.sites.iter().filter(|site| !site.spare) {
            let client = crate::Client::new(&site.part.url());
            let what = format!("{} is ready", site.part.name());
            crate::until(std::time::Duration::from_secs(90), &what, || async {
                let ready = client.get("/readyz").await;
                ready.is_ok_and(|answer| answer.status == 200)
            })
            .await?;
        }
        Ok(())
    }

    /// One of the sites that `fit`, if one of them is not broken already.
    pub(super) fn pick(
        &self,
        dice: &mut StdRng,
        fit: impl Fn(&Site) -> bool,
    ) -> Option<(&Site, Hold<'_>)> {
        let free = |site: &&Site| fit(site) && !site.busy.load(Ordering::Acquire);
        let free: Vec<&Site> = self.sites.iter().filter(free).collect();
        let site = *free.choose(dice)?;
        Some((site, hold(&site.busy)?))
    }

    /// A service's database, past all proxies.
    pub(super) async fn database(&self, service: &str) -> anyhow::Result<MongoDatabase> {
        let connection = self.shop.connection();
        let name = connection.database(service);
        let uri = &connection.endpoints.mongodb_uri;
        Ok(MongoDatabase::connect(uri, &name, MongoOptions::default()).await?)
    }

    /// Kafka, past all proxies.
    pub(super) fn kafka_options(&self) -> KafkaOptions {
        let connection = self.shop.connection();
        KafkaOptions {
            topic_prefix: connection.topic_prefix(),
            ..KafkaOptions::new(&connection.endpoints.kafka_brokers)
        }
    }

    /// Ends everything.
    pub(super) async fn end(self) {
        for site in &self.sites {
            // What does not end well now has been looked at before.
            let _ = site.part.kill().await;
        }
        self.stack.shutdown().await;
    }
}

async fn start_stack(folder: &Path, advertised: &[u16]) -> anyhow::Result<(DevStack, Vec<u16>)> {
    let mut attempt = 1;
    loop {
        let ports = advertised
            .iter()
            .map(|_| free_port())
            .collect::<anyhow::Result<Vec<u16>>>()?;
        let mut environment = Environment::from_process();
        environment.kafka_brokers = None;
        environment.mongodb_uri = None;
        let mut options = Options::new(folder.join("stack"));
        options.environment = environment;
        options.kafka_listeners = ports
            .iter()
            .zip(advertised)
            .map(|(port, advertised)| Listener {
                port: *port,
                advertised: *advertised,
            })
            .collect();
        match DevStack::start(options).await {
            Ok(stack) => return Ok((stack, ports)),
            Err(error) if attempt == START_ATTEMPTS => return Err(error.into()),
            Err(_) => attempt += 1,
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A copy, so that a build cannot change the program under a long run.
fn own_copy(program: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let own = folder.join("quadrille");
    std::fs::copy(program, &own).with_context(|| {
        let (from, to) = (program.display(), own.display());
        format!("{from} can't be copied to {to}")
    })?;
    Ok(own)
}

/// The card provider that payments asks.
const PROVIDER: &str = "payment-simulator";
/// What goes wrong at it by itself.
const PROVIDER_FAULTS: [&str; 8] = [
    "--simulator-key=sk_chaos",
    "--simulator-decline-rate=0.05",
    "--simulator-slow-rate=0.05",
    "--simulator-lost-rate=0.1",
    "--simulator-webhook-twice-rate=0.2",
    "--simulator-webhook-late-rate=0.1",
    "--simulator-webhook-first-rate=0.1",
    "--simulator-refund-refusal-rate=0.1",
];
/// An order that nobody pays for rests before the verdict.
const PAYMENT_WINDOW: &str = "--payment-window=20s";

/// The instances of every service, and whether they are spare ones. The first issues the tokens that
/// all others check, and the last is the card provider.
fn instances() -> impl Iterator<Item = (&'static str, bool)> {
    let others = quadrille::names()
        .into_iter()
        .filter(|name| *name != Auth::NAME);
    std::iter::once(Auth::NAME)
        .chain(others)
        .flat_map(|role| {
            let count = if SETTLING.contains(&role) { 3 } else { 1 };
            (0..count).map(move |number| (role, number == 2))
        })
        .chain([(PROVIDER, false)])
}

/// Adds the services to `shop`, each with a proxy on every way.
async fn sites(
    shop: &mut Shop,
    mongod: &Server,
    kafka_links: Vec<Proxy>,
) -> anyhow::Result<Vec<Site>> {
    let direct = shop.connection().endpoints.clone();
    let mongod = loopback(mongod.port());
    let (mut sites, mut upstreams) = (Vec::new(), Vec::new());
    let mut arguments = Vec::new();
    let provider = Proxy::bind(None).await?;
    let secret = "whsec_Y2hhb3MtY2hhb3MtY2hhb3MtY2hhb3MtY2hhb3M=";
    let of_payments = [
        format!("--payment-provider-url=http://{}", provider.address()),
        "--payment-provider-key=sk_chaos".to_owned(),
        format!("--payment-webhook-secret={secret}"),
        PAYMENT_WINDOW.to_owned(),
    ];
    let mut of_provider = PROVIDER_FAULTS.map(str::to_owned).to_vec();
    of_provider.push(format!("--simulator-webhook-secret={secret}"));
    for ((role, spare), kafka) in instances().zip(kafka_links) {
        let mongo = Proxy::bind(Some(mongod)).await?;
        let endpoints = Endpoints {
            mongodb_uri: format!("mongodb://{}/?directConnection=true", mongo.address()),
            kafka_brokers: kafka.address().to_string(),
        };
        let mut links = vec![link("mongodb", mongo), link("kafka", kafka)];
        let part = if role == Auth::NAME {
            // Longer than any run: who is logged in is not what is tried here.
            let part = shop.add(role, &endpoints, &["--access-lifetime=23h".to_owned()])?;
            arguments.push(format!("--jwks-url={}/.well-known/jwks.json", part.url()));
            upstreams.push(format!("{role}={}", part.url()));
            part
        } else if role == PROVIDER {
            let own = [arguments.as_slice(), &of_provider].concat();
            shop.add(role, &endpoints, &own)?
        } else {
            let own = match role {
                Payments::NAME => [arguments.as_slice(), &of_payments].concat(),
                _ => arguments.clone(),
            };
            let part = shop.add(role, &endpoints, &own)?;
            let front = Proxy::bind(Some(part.address())).await?;
            if role == Payments::NAME {
                let hook = format!("http://{}/hooks/payments", front.address());
                of_provider.push(format!("--simulator-webhook-url={hook}"));
            }
            if !spare {
                upstreams.push(format!("{role}=http://{}", front.address()));
            }
            links.push(link("gateway", front));
            part
        };
        sites.push(site(part, links, spare));
    }
    if let Some(site) = sites.iter_mut().find(|site| site.part.role() == PROVIDER) {
        provider.aim(site.part.address());
        site.links.push(link("payments", provider));
    }
    arguments.push(format!("--upstreams={}", upstreams.join(",")));
    arguments.extend(UNLIMITED.map(str::to_owned));
    let gateway = shop.add("gateway", &direct, &arguments)?;
    sites.push(site(gateway, Vec::new(), false));
    Ok(sites)
}

fn link(to: &'static str, proxy: Proxy) -> Link {
    Link { to, proxy }
}

fn site(part: Arc<Part>, links: Vec<Link>, spare: bool) -> Site {
    Site {
        part,
        links,
        spare,
        busy: AtomicBool::new(false),
    }
}
