//! The one binary of Quadrille: every service, the shop as a whole, and the operator's tools.
//!
//! **Purpose.** `quadrille serve ROLE` is one service; `quadrille up` is all of them on a
//! Kafka and a MongoDB that it starts itself; the other commands look after what runs.
//!
//! **Boundary.** Command line, output and exit status. What a service does is in its crate,
//! and both `serve` and `up` start it through the same function.
//!
//! **How to add one.** A variant in [`cli::Command`], a file for what it does, an arm in
//! [`run`].

// First, so that its macros stand in the place of the standard library's in all that follows.
#[macro_use]
mod output;

mod accounts;
mod audit;
mod backup;
mod bench;
mod choreography;
mod cli;
mod connection;
mod dead_letters;
mod health;
mod jobs;
mod migrate;
mod openapi;
mod order;
mod progress;
mod rebuild;
mod registry;
mod replay;
mod role;
mod seed;
mod serve;
mod services;
mod settings;
mod topics;
mod up;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Command, ConfigCommand, KeysCommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    if let Err(unknown) = settings::check_environment(&Cli::command(), std::env::vars_os()) {
        eprintln!("error: {unknown}");
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli, &matches)) {
        Ok(code) => output::verdict(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The exit status of a command that has found things as they should be, or not.
fn verdict(well: bool) -> ExitCode {
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Has the spans of batches and messages told, too, where the requests' are.
fn export_spans(log: &service::telemetry::Guard) {
    if log.exports_spans() {
        outbox::trace::switch_on();
    }
}

async fn run(cli: Cli, matches: &clap::ArgMatches) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(role) => {
            let log = service::telemetry::init(role.name(), cli.log_format, None);
            export_spans(&log);
            serve::run(*role).await?;
        }
        Command::Up(args) => {
            let filter = Some(up::LOG_FILTER);
            let log = service::telemetry::init("quadrille", cli.log_format, filter);
            export_spans(&log);
            up::run(&args).await?;
        }
        Command::Seed(connection) => seed::run(&connection).await?,
        Command::Audit(args) => {
            let findings = audit::run(&args).await?;
            let text = if args.json {
                serde_json::to_string_pretty(&findings)?
            } else {
                findings.to_string()
            };
            println!("{text}");
            if !findings.clean() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Stuck(args) => return Ok(verdict(order::stuck::run(&args).await?)),
        Command::Events(args) => order::history::run(&args).await?,
        Command::Replay(args) => replay::run(&args).await?,
        Command::Rebuild(args) => return Ok(verdict(rebuild::run(&args).await?)),
        Command::Backup(args) => backup::save(&args).await?,
        Command::Restore(args) => backup::restore(&args).await?,
        Command::DeadLetters(command) => return Ok(verdict(dead_letters::run(&command).await?)),
        Command::Jobs(command) => jobs::run(&command).await?,
        Command::Bench(args) => {
            if !bench::run(&args).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Choreography { markdown, json } => {
            let contracts = choreography::contracts();
            let text = if json {
                serde_json::to_string_pretty(&contracts)?
            } else if markdown {
                choreography::markdown(&contracts)
            } else {
                choreography::text(&contracts)
            };
            print!("{text}");
            let problems = choreography::problems(&contracts);
            for problem in &problems {
                eprintln!("error: {problem}");
            }
            if !problems.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Services { json } => {
            let entries = registry::entries();
            let text = if json {
                registry::json(&entries)?
            } else {
                registry::text(&entries)
            };
            print!("{text}");
        }
        Command::Config(ConfigCommand::Check(role)) => {
            role.check()?;
            print!("{}", settings::effective(&Cli::command(), matches));
        }
        Command::Config(ConfigCommand::List) => {
            print!("{}", settings::markdown(&Cli::command()));
        }
        Command::Keys(KeysCommand::Rotate(settings)) => {
            let rotated = auth::rotate_signing_key(&settings.mongo, &settings.auth).await?;
            println!("key {} signs from {}", rotated.kid, rotated.signs_from);
        }
        Command::Topics(command) => return Ok(verdict(topics::run(&command).await?)),
        Command::Migrate(command) => migrate::run(&command).await?,
        Command::Accounts(command) => accounts::run(&command).await?,
        Command::Health(args) => health::run(&args).await?,
        Command::Openapi => println!("{}", openapi::whole().to_pretty_json()?),
    }
    Ok(ExitCode::SUCCESS)
}
