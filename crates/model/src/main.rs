//! `check`: visits every state of the choreography and says what was found.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use model::{Choreography, Counterexample, Found, Guard, check, find};

/// Visits every state of the choreography and holds the promises against each
#[derive(Debug, Parser)]
struct Args {
    /// How many faults each run has
    #[arg(long, default_value_t = 2)]
    faults: u8,
    /// Take this guard away and show what happens; may be given several times
    #[arg(long, value_name = "GUARD")]
    remove_guard: Vec<Guard>,
    /// Let the database commit transactions that overwrite each other's changes
    #[arg(long)]
    no_isolation: bool,
    /// Begin with so many of the two products only, for example 2,1
    #[arg(long, value_name = "A,B", value_parser = pair)]
    stock: Option<[u8; 2]>,
    /// Let its customer cancel this order at any time: 0, 1 or 2
    #[arg(long, value_name = "ORDER", value_parser = clap::value_parser!(u8).range(..3))]
    cancels: Option<u8>,
    /// Take every step in every order, also those that commute
    #[arg(long)]
    unreduced: bool,
    /// Write the results to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let mut model = Choreography {
        faults: args.faults,
        cancels: args.cancels,
        isolation: !args.no_isolation,
        reduced: !args.unreduced,
        ..Choreography::default()
    };
    if let Some(stock) = args.stock {
        model.stock = vec![stock];
    }
    for guard in &args.remove_guard {
        model = model.without(*guard);
    }
    if args.remove_guard.is_empty() {
        let found = check(&model);
        print_found(&found);
        if let Some(path) = args.json {
            write(&path, &serde_json::to_string_pretty(&found)?)?;
        }
        return Ok(code(found.broken.is_empty()));
    }
    let counterexample = find(&model);
    match &counterexample {
        Some(counterexample) => print_counterexample(counterexample),
        None => println!("every promise holds without it"),
    }
    if let Some(path) = args.json {
        write(&path, &serde_json::to_string_pretty(&counterexample)?)?;
    }
    Ok(code(counterexample.is_none()))
}

fn pair(text: &str) -> Result<[u8; 2], String> {
    let pair = text.split_once(',').and_then(|(first, second)| {
        let stock = [first.parse().ok()?, second.parse().ok()?];
        stock
            .iter()
            .all(|held| (1..=2).contains(held))
            .then_some(stock)
    });
    pair.ok_or_else(|| "two numbers from 1 to 2, such as 2,1".to_owned())
}

fn code(is_well: bool) -> ExitCode {
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn write(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, format!("{text}\n")).with_context(|| format!("writing {}", path.display()))
}

fn print_found(found: &Found) {
    for name in &found.promises {
        println!("holds    {name}");
    }
    for name in &found.reached {
        println!("reached  {name}");
    }
    for name in &found.broken {
        println!("BROKEN   {name}");
    }
    println!(
        "{} states, {} steps, depth {}, {} faults a run, {:.1} s",
        found.states, found.steps, found.depth, found.faults, found.seconds
    );
}

fn print_counterexample(counterexample: &Counterexample) {
    println!("broken: {}", counterexample.promise);
    for (number, step) in (1..).zip(&counterexample.steps) {
        println!("{number:>3}. {step}");
    }
    println!("{}", counterexample.end);
    println!("found in {:.1} s", counterexample.seconds);
}
