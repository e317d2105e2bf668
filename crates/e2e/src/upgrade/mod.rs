//! Two builds of the program on one stack, exchanged process by process under load.
//!
//! **Purpose.** A release may be rolled out, and rolled back, while customers order: each build has
//! to read what the other one writes, in the topics and in the databases. [`run`] shows it for two
//! builds, or shows where not.
//!
//! **Flow.** A shop of the older build is opened. Then every process is exchanged for the newer
//! build, one after the other, then back in the reverse order, then forward again. After each
//! exchange customers have to order on, and a product is made and ordered, so that every kind of
//! event passes between the builds in both directions. In the end both builds' audits look at the
//! books, and every order that a customer was promised has to be settled.

mod customers;
mod expectations;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use devstack::{DevStack, Environment, Options as StackOptions};
use tokio_util::sync::CancellationToken;

use self::expectations::Expectations;
pub use self::report::{Report, Swap};
use crate::{Client, Connection, Part, Shop, until};

/// A process of a busy machine is ready within this time.
const READY_WITHIN: Duration = Duration::from_secs(90);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Which builds, and how much load.
#[derive(Debug, Clone)]
pub struct Options {
    /// The older build's `quadrille`.
    pub from: PathBuf,
    /// The newer build's.
    pub to: PathBuf,
    /// How many customers order at the same time.
    pub customers: u64,
    /// How many orders have to be placed between one exchange and the next.
    pub between: u64,
    /// Where the processes' logs go, and stay; without it they go to a temporary folder, which
    /// stays if something is wrong.
    pub logs: Option<PathBuf>,
}

/// A way from one build to the other: the processes in this order.
const FORWARD: [(&str, usize); 6] = [
    ("auth", 0),
    ("products", 0),
    ("orders", 0),
    ("products", 1),
    ("orders", 1),
    ("gateway", 0),
];

/// What both builds know of what is limited by default.
const UNLIMITED: [&str; 2] = ["--rate-limit-per-second=0", "--login-limit-per-second=0"];

/// Runs it. What must not happen is in the report.
///
/// # Errors
/// When the stack or the shop can't be started, or a process does not get ready.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let temporary = tempfile::Builder::new()
        .prefix("quadrille-upgrade-")
        .tempdir()?;
    let logs = options.logs.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(logs).with_context(|| format!("{} can't be made", logs.display()))?;
    let mut stack = StackOptions::new("");
    let mut environment = Environment::from_process();
    environment.kafka_brokers = None;
    environment.mongodb_uri = None;
    stack.environment = environment;
    let stack = DevStack::start_temporary(stack).await?;
    let done = on(&stack, options, logs).await;
    stack.shutdown().await;
    let well = done.as_ref().is_ok_and(Report::clean);
    if !well && options.logs.is_none() {
        eprintln!("the processes' logs are in {}", temporary.keep().display());
    }
    done
}

async fn on(stack: &DevStack, options: &Options, logs: &Path) -> anyhow::Result<Report> {
    let connection = Connection::new(stack.mongodb_uri(), stack.kafka_brokers());
    let shop = Shop::new(connection, options.from.clone(), Some(logs.to_owned()));
    let mut shop = shop.open(2, 2, &UNLIMITED)?;
    shop.seed().await?;
    shop.wait_until_ready().await?;
    let expectations = Arc::new(Expectations::default());
    customers::stock_up(&shop.client()).await?;
    let stop = CancellationToken::new();
    let mut load = tokio::task::JoinSet::new();
    for number in 0..options.customers {
        let (client, expectations) = (shop.client(), Arc::clone(&expectations));
        load.spawn(customers::order(client, expectations, number, stop.clone()));
    }
    let mut swaps = Vec::new();
    let forward = FORWARD.map(|part| (part, "newer", &options.to));
    let mut back = FORWARD.map(|part| (part, "older", &options.from));
    back.reverse();
    for ((role, number), build, program) in forward.into_iter().chain(back).chain(forward) {
        let part = shop.part(role, number)?;
        let url = shop.url();
        let swap = swap(part, build, program, &url, &expectations, options.between);
        let swap = swap
            .await
            .with_context(|| format!("{} of the {build} build", part.name()))?;
        eprintln!("{swap}");
        swaps.push(swap);
    }
    stop.cancel();
    while let Some(ended) = load.join_next().await {
        ended?;
    }
    let mut report = Report::new(swaps);
    for (build, program) in [("newer", &options.to), ("older", &options.from)] {
        shop.program.clone_from(program);
        match shop.audit().await {
            Ok(found) => report.audited(build, &found, expectations.acknowledged()),
            Err(error) => report.violation(format!("the {build} build's audit: {error:#}")),
        }
    }
    customers::ask_after_all(&shop.client(), &expectations).await?;
    shop.stop().await?;
    report.customers(&expectations);
    Ok(report)
}

/// Ends `part`, starts it with the other build, and looks whether the shop does its work.
async fn swap(
    part: &Part,
    build: &'static str,
    program: &Path,
    shop: &str,
    expectations: &Expectations,
    between: u64,
) -> anyhow::Result<Swap> {
    let begun = Instant::now();
    part.terminate(STOP_WITHIN).await?;
    part.becomes(program);
    part.start()?;
    let client = Client::new(&part.url());
    until(READY_WITHIN, "it is ready", || async {
        let ready = client.get("/readyz").await;
        ready.is_ok_and(|answer| answer.status == 200)
    })
    .await?;
    let ready = begun.elapsed();
    let before = expectations.acknowledged();
    until(READY_WITHIN, "customers order on", || async {
        expectations.acknowledged() >= before + between
    })
    .await?;
    let settled = customers::probe(&Client::new(shop), expectations).await?;
    Ok(Swap {
        part: part.name().to_owned(),
        build,
        ready_ms: ready.as_millis(),
        settled_ms: settled.as_millis(),
    })
}
