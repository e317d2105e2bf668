//! `simulate`: runs seeds and says what they showed. A seed that fails is printed with the
//! command that runs it again; the exit status then is 1.

use std::io::{IsTerminal, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use clap::Parser;
use outbox::Guard;
use simulation::{Summary, run, run_all};

/// Runs the whole exchange over databases and a broker in memory, through faults that a seed
/// draws, and checks the books afterwards
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many at a time; as many as there are processors unless told otherwise
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// Run this seed alone
    #[arg(long, conflicts_with_all = ["seeds", "from", "jobs"])]
    seed: Option<u64>,
    /// Tell what happens in it
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Take a rule of the design away and look for the seed that notices; success is to find one
    #[arg(long, value_name = "GUARD", conflicts_with = "seed")]
    remove_guard: Option<Guard>,
    /// Write the summary as JSON to this file, too
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    if let Some(guard) = args.remove_guard
        && outbox::guard::removed() != Some(guard)
    {
        return without(guard);
    }
    if let Some(seed) = args.seed {
        return one(seed, args.trace);
    }
    let jobs = args
        .jobs
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let until = args
        .from
        .checked_add(args.seeds)
        .context("--from and --seeds together are too large")?;
    let shown = std::io::stderr().is_terminal();
    let progress = |done: u64| {
        if shown && done.is_multiple_of(100) {
            let _ = write!(std::io::stderr(), "\r{done} of {} seeds", args.seeds);
        }
    };
    let summary = run_all(
        args.from..until,
        jobs,
        args.remove_guard.is_some(),
        progress,
    )?;
    if shown {
        eprintln!();
    }
    if let Some(path) = &args.json {
        let text = json(&summary, args.remove_guard);
        std::fs::write(path, text)
            .with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(match args.remove_guard {
        Some(guard) => control(guard, &summary),
        None => verdict(&summary),
    })
}

/// Runs this program again without `guard`: the switch is read once for a process.
#[cfg(debug_assertions)]
fn without(guard: Guard) -> anyhow::Result<ExitCode> {
    if let Some(other) = outbox::guard::removed() {
        bail!("{} removes {other} already", outbox::guard::VARIABLE);
    }
    let status = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(outbox::guard::VARIABLE, guard.name())
        .status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(not(debug_assertions))]
fn without(guard: Guard) -> anyhow::Result<ExitCode> {
    bail!("this is a release build, which can't do without {guard}: build it for development")
}

fn one(seed: u64, trace: bool) -> anyhow::Result<ExitCode> {
    let run = run(seed, trace)?;
    print!("{}", run.story);
    println!(
        "seed {seed}: {} orders, {} accepted; {} faults; {:.1} s simulated; trace {:016x}",
        run.orders,
        run.accepted,
        run.faults.values().sum::<u64>(),
        run.simulated.as_secs_f64(),
        run.trace
    );
    for violation in &run.violations {
        println!("VIOLATION: {violation}");
    }
    Ok(if run.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn verdict(summary: &Summary) -> ExitCode {
    println!("{summary}");
    for (seed, violations) in summary.failed.iter().take(20) {
        println!("\nseed {seed}: cargo run -p simulation --bin simulate -- --seed {seed} --trace");
        for violation in violations {
            println!("  {violation}");
        }
    }
    if summary.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn control(guard: Guard, summary: &Summary) -> ExitCode {
    let seconds = summary.took.as_secs_f64();
    if let Some((seed, violations)) = summary.failed.iter().next() {
        let first = violations.first().map_or("", String::as_str);
        println!("without {guard}: caught by seed {seed} after {seconds:.2} s: {first}");
        return ExitCode::SUCCESS;
    }
    println!(
        "without {guard}: {} seeds in {seconds:.1} s saw nothing",
        summary.seeds
    );
    ExitCode::FAILURE
}

fn json(summary: &Summary, without: Option<Guard>) -> String {
    let faults = summary.faults.iter();
    let faults: serde_json::Map<_, _> = faults
        .map(|(fault, times)| (fault.to_string(), (*times).into()))
        .collect();
    let failed = summary.failed.iter();
    let failed: Vec<_> = failed
        .map(|(seed, violations)| serde_json::json!({ "seed": seed, "violations": violations }))
        .collect();
    let page = serde_json::json!({
        "removed_guard": without.map(Guard::name),
        "seeds": summary.seeds,
        "seconds": summary.took.as_secs_f64(),
        "simulated_seconds": summary.simulated.as_secs(),
        "orders": summary.orders,
        "accepted": summary.accepted,
        "faults": faults,
        "violations": summary.violations(),
        "failed": failed,
    });
    format!("{page:#}\n")
}
