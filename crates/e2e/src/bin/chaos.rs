//! `chaos`: breaks a shop of real processes for some minutes and says whether every order is right.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use e2e::chaos::{self, Options};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Break a shop of real processes at random and check that every order is right.
///
/// Exit status 1 when something happened that must not; data and logs are kept then.
#[derive(Debug, Parser)]
#[command(name = "chaos")]
struct Arguments {
    /// For how long to break things, in minutes; starting and checking come on top
    #[arg(long, default_value = "2", value_parser = minutes)]
    minutes: Duration,
    /// What the faults are drawn from; without it a number is drawn and shown
    #[arg(long)]
    seed: Option<u64>,
    /// Also write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Keep data and logs in this folder whatever comes of it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// The `quadrille` to break [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// How many customers order at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=256))]
    customers: u64,
}

fn minutes(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(minutes) if (0.1..=10_000.0).contains(&minutes) => {
            Ok(Duration::from_secs_f64(minutes * 60.0))
        }
        _ => Err("a number of minutes is needed, 0.1 to 10000".to_owned()),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = arguments
        .seed
        .unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let options = Options {
        lasts: arguments.minutes,
        seed,
        customers: arguments.customers,
        keep: arguments.keep,
        program: arguments.program,
    };
    eprintln!("seed {seed}");
    let interrupted = CancellationToken::new();
    tokio::spawn(listen(interrupted.clone()));
    let report = chaos::run(&options, interrupted).await?;
    println!("\n{report}");
    if let Some(file) = arguments.json {
        std::fs::write(&file, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(if report.interrupted {
        ExitCode::from(130)
    } else if report.clean() {
        ExitCode::SUCCESS
    } else {
        eprintln!("to try again: chaos --seed {seed}");
        ExitCode::FAILURE
    })
}

/// Cancels `interrupted` at the first Ctrl-C or SIGTERM.
async fn listen(interrupted: CancellationToken) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("ending");
    interrupted.cancel();
}
