//! `upgrade`: exchanges the processes of a shop for those of another build, there and back.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use e2e::upgrade::{self, Options};

/// Exchange the processes of a shop under load for those of another build, one by one, there, back
/// and there again. `cargo xtask upgrade` builds the older one and runs this.
///
/// Exit status 1 when something happened that must not.
#[derive(Debug, Parser)]
#[command(name = "upgrade")]
struct Arguments {
    /// The older build's `quadrille`
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The newer build's [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// How many customers order at the same time
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=256))]
    customers: u64,
    /// How many orders are placed between one exchange and the next
    #[arg(long, default_value_t = 150)]
    between: u64,
    /// Keep the processes' logs in this folder whatever comes of it
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
    /// Also write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let to = match arguments.to {
        Some(to) => to,
        None => e2e::program()?,
    };
    let options = Options {
        from: arguments.from,
        to,
        customers: arguments.customers,
        between: arguments.between,
        logs: arguments.logs,
    };
    let report = upgrade::run(&options).await?;
    println!("\n{report}");
    if let Some(file) = arguments.json {
        std::fs::write(&file, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(if report.clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
