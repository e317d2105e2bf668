//! `cargo xtask`: the project's own commands.
//!
//! **Purpose.** Two commands are enough on a fresh machine: `cargo xtask up` and `cargo xtask test`.
//! Both install what is missing where they may, and name it where they may not.
//!
//! **Boundary.** Of the workspace this crate imports devstack only, and nothing that needs a C or
//! C++ compiler: it is what installs those.
//!
//! **Flow.** `main` reads the command line; `up`, `test`, `layers` and `install` are one command
//! each; `workspace` and `process` run cargo for them.
//!
//! **How to add one.** A check: one entry in `test/steps.rs`. A tool that the machine needs: one entry
//! in `install/build_tools.rs`. A layer rule: `layers/rules.rs`. A command: a variant below.

mod install;
mod layers;
mod process;
mod test;
mod up;
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
    /// Check who imports whom, against the table in docs/architecture.md
    CheckLayers,
    /// Install what the other commands need, or name what is missing
    Install,
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
        Command::CheckLayers => layers::run(&workspace),
        Command::Install => install::everything().map(|()| {
            println!("Everything that `cargo xtask up` and `cargo xtask test` need is there.");
            true
        }),
    }
}
