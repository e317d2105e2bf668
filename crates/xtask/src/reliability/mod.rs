//! `cargo xtask reliability` and `cargo xtask negative-controls`: what the suite shows, on a page.
//!
//! Every figure of docs/reliability.md is in a JSON file in docs/reliability/, which the check that
//! it comes from has written. A test holds the page to them.

mod controls;
mod measure;
mod page;
mod results;
mod rules;
mod tables;

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::builder::PossibleValuesParser;

use self::results::Results;
use crate::workspace::Workspace;

pub(crate) use controls::{Args as ControlArgs, run as negative_controls};

/// What `cargo xtask reliability` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run this check first and take its figures; may be given several times
    #[arg(long, value_name = "CHECK", value_parser = PossibleValuesParser::new(measure::names()))]
    measure: Vec<String>,
    /// Take the figures of a chaos run from the file that `chaos --json FILE` wrote
    #[arg(long, value_name = "FILE")]
    chaos: Option<PathBuf>,
    /// What is to be known of the violations of that run
    #[arg(long, value_name = "TEXT", requires = "chaos", default_value = "")]
    note: String,
    /// Write nothing; say whether the page is what the figures say
    #[arg(long, conflicts_with_all = ["measure", "chaos"])]
    check: bool,
}

/// Takes new figures as asked and writes the page. Says whether all is well.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<bool> {
    for name in &args.measure {
        measure::run(workspace, name)?;
    }
    if let Some(file) = &args.chaos {
        results::take_chaos(workspace.root(), file, &args.note)?;
    }
    let made = page::make(&Results::read(workspace.root())?)?;
    let path = workspace.root().join(page::PATH);
    if args.check {
        let kept = fs::read_to_string(&path).unwrap_or_default();
        if kept != made {
            println!(
                "{} is not what the figures say: cargo xtask reliability",
                page::PATH
            );
        }
        return Ok(kept == made);
    }
    fs::write(&path, made).with_context(|| format!("writing {}", path.display()))?;
    println!("{} is written", page::PATH);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_generated_from_the_results() {
        let workspace = Workspace::find().unwrap();
        let made = page::make(&Results::read(workspace.root()).unwrap()).unwrap();
        let kept = fs::read_to_string(workspace.root().join(page::PATH)).unwrap();
        assert!(
            kept == made,
            "{}: run `cargo xtask reliability`",
            page::PATH
        );
    }
}
