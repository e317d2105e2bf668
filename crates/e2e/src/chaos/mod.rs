//! Chaos on real processes.
//!
//! **Purpose.** To show that whatever breaks, and however much at a time, every order that was
//! acknowledged is there once, settled once and as it was asked for.
//!
//! **Flow.** `system` starts an own Kafka and mongod, and the services as processes whose every
//! connection to these and from the gateway goes through a proxy. A `customer` asks again under the
//! same key until there is an answer; what they were told is in `expectations`. `fault` deals
//! faults from the seed, `inject` makes them, up to [`AT_ONCE`] at a time; after each an order is
//! placed, and the time until it is settled is the time to recover. In the end `verdict` waits for
//! rest and holds the databases against each other and against the expectations, lets every topic
//! be handled again from its beginning, and does so once more.
//!
//! **What the seed decides:** the faults, their order, lengths and targets, and what is ordered.
//! The processes' own timing is not repeatable, so a seed is a strong hint and no replay.

mod customer;
mod expectations;
mod fault;
mod inject;
mod log_in;
mod messages;
mod products;
mod reconcile;
mod report;
mod run;
mod scenario;
mod system;
mod verdict;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

pub use self::fault::Kind;
pub use self::report::{KindReport, Report};
pub use self::run::Options;
use self::run::Run;
pub use self::scenario::AT_ONCE;
use self::system::System;

/// What was under way when a run was interrupted ends within this time.
const LET_GO_WITHIN: Duration = Duration::from_secs(10);

/// Runs it until its time is over, or until `interrupted`. Violations are in the report.
///
/// # Errors
/// When the stack or the shop can't be started.
pub async fn run(options: &Options, interrupted: CancellationToken) -> anyhow::Result<Report> {
    let temporary = match &options.keep {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("quadrille-chaos-")
                .tempdir()?,
        ),
    };
    let folder = match (&options.keep, &temporary) {
        (Some(folder), _) => folder.as_path(),
        (None, Some(temporary)) => temporary.path(),
        (None, None) => Path::new("."),
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} can't be created", folder.display()))?;
    let folder = folder.canonicalize()?;
    let mut report = in_folder(options, &folder, &interrupted).await?;
    match temporary {
        Some(temporary) if report.clean() || report.interrupted => drop(temporary),
        Some(temporary) => report.kept = Some(temporary.keep()),
        None => report.kept = Some(folder),
    }
    Ok(report)
}

async fn in_folder(
    options: &Options,
    folder: &Path,
    interrupted: &CancellationToken,
) -> anyhow::Result<Report> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => crate::program()?,
    };
    let starting = System::start(folder, &program);
    let system = interrupted
        .run_until_cancelled(starting)
        .await
        .context("ended while it was starting")??;
    let run = Arc::new(Run {
        system,
        expectations: Arc::default(),
        fault_log: Mutex::default(),
        seed: options.seed,
    });
    let mut report = Report {
        seed: options.seed,
        ..Report::default()
    };
    let run_faults = scenario::run_faults(&run, options, &mut report);
    let outcome = interrupted.run_until_cancelled(run_faults).await;
    match outcome {
        None => report.interrupted = true,
        Some(Ok(())) => {}
        Some(Err(error)) => run
            .expectations
            .violation(format!("it came to a halt: {error:#}")),
    }
    report.acknowledged = run.expectations.acknowledged();
    report.refused = run.expectations.refusals();
    (report.retried, report.retried_after) = run.expectations.retries();
    (report.violations, report.named) = run.expectations.violations();
    {
        let fault_log = run.fault_log();
        report.faults = fault_log.kinds();
        report.not_made = fault_log.not_made;
        report.most_at_once = fault_log.most_at_once;
    }
    // What was under way when it was interrupted lets go of the system in a moment.
    let alone = crate::until(LET_GO_WITHIN, "nothing is under way", || async {
        Arc::strong_count(&run) == 1
    });
    let _ = alone.await;
    if let Some(run) = Arc::into_inner(run) {
        run.system.end().await;
    }
    Ok(report)
}
