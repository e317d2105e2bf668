//! `simulate`: runs seeds and says what they showed. A seed that fails is printed with the
//! command that runs it again; the exit status then is 1.

use std::io::{IsTerminal, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use controls::Rule;
use simulation::{Control, Summary, run, run_all};

/// Runs the whole exchange over databases and a broker in memory, through faults that a seed
/// draws, and checks the databases afterwards
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
    /// Break a rule of the design and look for a seed in which its check notices; success is to
    /// find one
    #[arg(long, value_name = "RULE")]
    without: Option<Rule>,
    /// Write the summary as JSON to this file, too
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let control = args.without.map(Control::of);
    if let Some(seed) = args.seed {
        return one(seed, control, args.trace);
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
    let summary = run_all(args.from..until, jobs, control, progress)?;
    if shown {
        eprintln!();
    }
    if let Some(path) = &args.json {
        let text = json(&summary, control);
        std::fs::write(path, text)
            .with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(match control {
        Some(control) => caught(control, &summary),
        None => verdict(&summary),
    })
}

fn one(seed: u64, control: Option<Control>, trace: bool) -> anyhow::Result<ExitCode> {
    let run = run(seed, control, trace)?;
    print!("{}", run.story);
    println!(
        "seed {seed}: {} orders, {} accepted, {} given back; {} faults; {:.1} s simulated; trace {:016x}",
        run.orders,
        run.accepted,
        run.released,
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
        println!("\nseed {seed}: {}", again(*seed, ""));
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

/// The command that runs `seed` again.
fn again(seed: u64, more: &str) -> String {
    format!("cargo run -p simulation --bin simulate -- --seed {seed}{more} --trace")
}

fn caught(control: Control, summary: &Summary) -> ExitCode {
    let Control { rule, check } = control;
    let seconds = summary.took.as_secs_f64();
    if let Some((seed, found)) = summary.found_by(check) {
        println!("without {rule}: caught by seed {seed} after {seconds:.2} s: {found}");
        println!("  {}", again(seed, &format!(" --without {rule}")));
        return ExitCode::SUCCESS;
    }
    println!(
        "without {rule}: {} seeds in {seconds:.1} s, none broke \"{check}\" ({} other violations)",
        summary.seeds,
        summary.violations()
    );
    ExitCode::FAILURE
}

fn json(summary: &Summary, control: Option<Control>) -> String {
    let faults = summary.faults.iter();
    let faults: serde_json::Map<_, _> = faults
        .map(|(fault, times)| (fault.to_string(), (*times).into()))
        .collect();
    let failed = summary.failed.iter();
    let failed: Vec<_> = failed
        .map(|(seed, violations)| {
            let violations: Vec<&str> = violations.iter().map(|found| &*found.what).collect();
            serde_json::json!({ "seed": seed, "violations": violations })
        })
        .collect();
    let caught = control.and_then(|control| {
        let (seed, found) = summary.found_by(control.check)?;
        let check = control.check.to_string();
        Some(serde_json::json!({ "seed": seed, "check": check, "by": found.what }))
    });
    let page = serde_json::json!({
        "without": control.map(|control| control.rule.name()),
        "caught": caught,
        "seeds": summary.seeds,
        "seconds": summary.took.as_secs_f64(),
        "simulated_seconds": summary.simulated.as_secs(),
        "orders": summary.orders,
        "accepted": summary.accepted,
        "released": summary.released,
        "faults": faults,
        "violations": summary.violations(),
        "failed": failed,
    });
    format!("{page:#}\n")
}
