//! `cargo xtask`: the project's own commands.
//!
//! **Purpose.** Two commands are enough on a fresh machine: `cargo xtask up` and `cargo xtask test`.
//! Both install what is missing where they may, and name it where they may not.
//!
//! **Boundary.** Of the workspace this crate imports devstack only, and nothing that needs a C or
//! C++ compiler: it is what installs those.
//!
//! **Flow.** `main` reads the command line; `up`, `test`, `generate`, `layers`, `infra`, `reliability`, `upgrade`,
//! `program` and `install` are a command or a few each; `workspace` and `process` run cargo for them.
//!
//! **How to add one.** A check: one entry in `test/steps.rs`. A tool that the machine needs: one entry
//! in `install/build_tools.rs`. A layer rule: `layers/rules.rs`. A command: a variant below.

mod generate;
mod infra;
mod install;
mod layers;
mod process;
mod program;
mod reliability;
mod test;
mod up;
mod upgrade;
mod web;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", arg_required_else_help = true)]
#[command(after_help = "Start the shop:   cargo xtask up\nCheck everything: cargo xtask test")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build Quadrille and start all of it, with its own Kafka and MongoDB
    Up(up::Args),
    /// Run every check there is; the last line says how many tests passed and failed
    Test(test::Args),
    /// Write the files that are made from the code: pages of docs, and what of infra repeats for each service
    Generate,
    /// Check who imports whom, against the table in docs/architecture.md
    CheckLayers,
    /// Install what the other commands need, or name what is missing
    Install,
    /// Run the real relay, inbox, stock and order code through seeded faults: --seeds N, --seed S
    Simulate(program::Args),
    /// Run the real processes under load while they, Kafka and MongoDB are killed: --minutes M
    Chaos(program::Args),
    /// Exchange an older build for this one process by process, under load, there and back
    Upgrade(upgrade::UpgradeArgs),
    /// Measure the shop, its baseline and its limit on the same servers, optimized
    Bench(program::Args),
    /// Write docs/reliability.md from what the checks found; runs them first when asked to
    Reliability(reliability::Args),
    /// Break each rule of the design in turn: the check that guards it has to notice
    NegativeControls(reliability::ControlArgs),
    /// Check image, compose files, chart, cloud and workflows, on real servers where they can be had
    Infra(infra::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<bool> {
    let workspace = Workspace::find()?;
    match command {
        Command::Up(args) => up::run(&workspace, args).map(|()| true),
        Command::Test(args) => test::run(&workspace, &args),
        Command::Generate => generate::run(&workspace),
        Command::CheckLayers => layers::run(&workspace),
        Command::Simulate(args) => {
            program::run(&workspace, "simulate", &[], false, args).map(|()| true)
        }
        Command::Chaos(args) => program::run(&workspace, "chaos", &[], false, args).map(|()| true),
        Command::Upgrade(args) => upgrade::run(&workspace, args).map(|()| true),
        Command::Bench(args) => {
            let compare = ["bench", "--compare"];
            program::run(&workspace, "quadrille", &compare, true, args).map(|()| true)
        }
        Command::Reliability(args) => reliability::run(&workspace, &args),
        Command::NegativeControls(args) => reliability::negative_controls(&workspace, &args),
        Command::Infra(args) => infra::run(&workspace, &args),
        Command::Install => install::everything().map(|()| {
            println!("Everything that `cargo xtask up` and `cargo xtask test` need is there.");
            true
        }),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        // What clap would panic about at the first use of any command.
        Cli::command().debug_assert();
    }
}
