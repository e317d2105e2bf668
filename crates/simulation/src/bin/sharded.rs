//! `sharded`: the protocol that `docs/scaling.md` proposes for stock on several shards, in a
//! storm and in calm, and the arithmetic of that page.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use clap::{Parser, Subcommand};
use simulation::sharded::{
    Cluster, Faults, Inputs, Level, Rule, Setting, Way, cost, cost_by_span, run,
};

/// Simulates reservation over shards of products
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run seeds in which everything goes wrong, and check; exit status 1 on a violation
    Storm {
        /// How many seeds to run
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
        /// The first of them
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Take a rule of the protocol away and look for the seed that notices; success is to
        /// find one
        #[arg(long, value_name = "RULE")]
        without: Option<Rule>,
    },
    /// Print the tables of what the protocol costs in calm
    Cost {
        /// How many orders each row has
        #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
        orders: u32,
        /// The seed that they are drawn from
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Print what 1,000, 50,000 and 1,000,000 orders a second need
    Cluster(Inputs),
}

fn main() -> anyhow::Result<ExitCode> {
    match Args::parse().command {
        Command::Storm {
            seeds,
            from,
            without,
        } => Ok(storm(from, seeds, without)),
        Command::Cost { orders, seed } => Ok(costs(orders, seed)),
        Command::Cluster(inputs) => {
            clusters(&inputs)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn storm(from: u64, seeds: u64, without: Option<Rule>) -> ExitCode {
    let began = Instant::now();
    let mut faults = Faults::default();
    let (mut orders, mut accepted, mut failed) = (0, 0, 0);
    for seed in from..from.saturating_add(seeds) {
        let outcome = run(&Setting::stormy(seed, without), seed);
        faults += outcome.faults;
        orders += outcome.orders.len();
        accepted += outcome.accepted();
        let Some(first) = outcome.violations.first() else {
            continue;
        };
        failed += 1;
        if let Some(rule) = without {
            println!("without {rule}: caught by seed {seed}: {first}");
            return ExitCode::SUCCESS;
        }
        println!("seed {seed}: sharded storm --seeds 1 --from {seed}");
        for violation in &outcome.violations {
            println!("  VIOLATION: {violation}");
        }
    }
    if let Some(rule) = without {
        println!("without {rule}: {seeds} seeds saw nothing");
        return ExitCode::FAILURE;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{seeds} seeds in {seconds:.1} s: {orders} orders, {accepted} of them accepted");
    print!("{faults}");
    println!("violations in {failed} seeds");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn costs(orders: u32, seed: u64) -> ExitCode {
    println!("| shards of the order | holds | messages | p50 ms | p99 ms |");
    println!("|---:|---|---:|---:|---:|");
    for way in [Way::AtOnce, Way::InOrder] {
        for row in cost_by_span(way, orders, seed) {
            println!("{row}");
        }
    }
    println!();
    println!(
        "| level | holds | attempts | accepted by one engine, % | accepted, % | refused though \
         possible, % of that | messages | p50 ms | p99 ms |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
    let mut violations = 0;
    for level in Level::ALL {
        for way in [Way::AtOnce, Way::InOrder] {
            for attempts in [1, 4] {
                let row = cost(level, way, attempts, orders, seed);
                violations += row.violations;
                println!("{row}");
            }
        }
    }
    println!("\n{violations} violations");
    if violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn clusters(inputs: &Inputs) -> anyhow::Result<()> {
    if let Some(fault) = inputs.fault() {
        bail!(fault);
    }
    println!("{inputs}\n");
    let all = [1e3, 5e4, 1e6].map(|rate| Cluster::of(inputs, rate));
    print!("{}", Cluster::table(&all));
    Ok(())
}
