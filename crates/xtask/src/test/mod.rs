//! `cargo xtask test`: every check there is, one after the other.

mod counts;
mod report;
mod run;
pub(crate) mod stack;
mod steps;

use std::cell::OnceCell;
use std::time::Instant;

use clap::builder::PossibleValuesParser;

use crate::install;
use crate::workspace::Workspace;
use counts::Counts;
use report::Done;
use run::Run;

/// What `cargo xtask test` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run this step only; may be given several times
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(steps::names()))]
    only: Vec<String>,
    /// Run only the tests of this crate, and no other step; may be given several times
    #[arg(long, short, value_name = "CRATE", conflicts_with = "only")]
    package: Vec<String>,
    /// Name what is missing instead of installing it
    #[arg(long)]
    no_install: bool,
    /// Arguments of `cargo nextest run`, for example a test's name
    #[arg(last = true, value_name = "NEXTEST ARGS")]
    nextest: Vec<String>,
}

impl Args {
    fn wants(&self, step: &steps::Step) -> bool {
        if self.package.is_empty() {
            self.only.is_empty() || self.only.iter().any(|name| name == step.name)
        } else {
            step.name == steps::TESTS
        }
    }
}

/// Runs the steps; a failed one does not keep the later ones from running. Says whether all is well.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<bool> {
    install::for_test(!args.no_install)?;
    let run = Run {
        workspace,
        packages: &args.package,
        nextest: &args.nextest,
        stack: OnceCell::new(),
    };
    let chosen = steps::STEPS.iter().filter(|step| args.wants(step));
    let mut done = Vec::new();
    for step in chosen {
        println!("\n== {}: {}", step.name, step.what);
        let begin = Instant::now();
        let outcome = (step.run)(&run);
        let took = begin.elapsed();
        let (failure, counts) = match outcome {
            Ok(outcome) => (outcome.failure, outcome.counts),
            Err(error) => (Some(format!("{error:#}")), Counts::default()),
        };
        match &failure {
            None => println!("== {}: ok, {}", step.name, report::seconds(took)),
            Some(reason) => println!(
                "== {}: FAILED, {}: {reason}\n   This step alone: cargo xtask test --only {}",
                step.name,
                report::seconds(took),
                step.name
            ),
        }
        done.push(Done {
            step,
            took,
            failure,
            counts,
        });
    }
    if let Some(stack) = run.stack.into_inner() {
        stack.end();
    }
    print!("{}", report::table(&done));
    println!("{}", report::total(&done));
    Ok(done.iter().all(|done| done.failure.is_none()))
}
