//! The command line.

use clap::{Args, Parser, Subcommand};
use service::config::MongoSettings;
use service::telemetry::LogFormat;

use crate::accounts::AccountsCommand;
use crate::audit::AuditArgs;
use crate::backup::{BackupArgs, RestoreArgs};
use crate::bench::BenchArgs;
use crate::connection::ConnectionArgs;
use crate::dead_letters::DeadLettersCommand;
use crate::health::HealthArgs;
use crate::jobs::JobsCommand;
use crate::migrate::MigrateArgs;
use crate::order::history::EventsArgs;
use crate::order::stuck::StuckArgs;
use crate::rebuild::RebuildArgs;
use crate::replay::ReplayArgs;
use crate::role::Role;
use crate::services::Of;
use crate::topics::TopicsCommand;
use crate::up::UpArgs;

/// Quadrille: a shop whose services communicate by events.
#[derive(Debug, Parser)]
#[command(
    name = "quadrille",
    version,
    propagate_version = true,
    after_help = "Start here: `quadrille up`, then open http://localhost:8080\n\
                  Every option can also be set in the environment; `quadrille config list` lists them."
)]
pub(crate) struct Cli {
    /// How log lines look
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        env = "QUADRILLE_LOG_FORMAT"
    )]
    pub(crate) log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole shop on this machine: Kafka, MongoDB, every service, demo data
    Up(UpArgs),
    /// Run one service
    #[command(subcommand)]
    Serve(Box<Role>),
    /// Load the demo data: categories, products and two users. Existing data is left alone
    Seed(ConnectionArgs),
    /// Compare the services' databases and the topics and list every difference; exit status 1 if
    /// there is one
    Audit(AuditArgs),
    /// List the orders that wait too long and what each waits for; exit status 1 if there is one
    Stuck(StuckArgs),
    /// Show the history of one order: each event, its cause, its position and its duration
    Events(EventsArgs),
    /// Let a service handle a topic's records again, from an earlier position on
    Replay(ReplayArgs),
    /// Rebuild a service's local copy of others' data from its owner's topic
    Rebuild(RebuildArgs),
    /// Save the services' databases into files, all at one moment, while they run
    Backup(BackupArgs),
    /// Restore a service's database from a backup; every instance of the service must have ended
    Restore(RestoreArgs),
    /// List, retry and discard messages that a service could not apply
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Look after what services have still to do: mails, time limits and the like
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Compare the cluster's topics with what the shop needs, and change them to match
    #[command(subcommand)]
    Topics(Box<TopicsCommand>),
    /// Make a service's collections, indexes and rules, and bring what older builds left up to date
    #[command(subcommand)]
    Migrate(Of<MigrateArgs>),
    /// Create accounts that nobody can register
    #[command(subcommand)]
    Accounts(Box<AccountsCommand>),
    /// Place many orders at once and measure how fast they are settled
    Bench(BenchArgs),
    /// Show who publishes what and who consumes it, from the services' own contracts
    Choreography {
        /// As the page docs/choreography.md
        #[arg(long)]
        markdown: bool,
        /// As JSON
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
    },
    /// List the services, with what a deployment has to know of each
    Services {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check and list settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage the keys that access tokens are signed with
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Ask a service whether it is ready; exit status 1 if not. For images and probes
    Health(HealthArgs),
    /// Print the OpenAPI document of the whole HTTP surface
    Openapi,
}

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Add a key, which signs once every instance knows it; the old one's tokens stay good
    Rotate(Box<RotateArgs>),
}

/// Where the keys are.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The database of the auth service.
    #[command(flatten)]
    pub(crate) mongo: MongoSettings,
    /// How its keys are made.
    #[command(flatten)]
    pub(crate) auth: auth::Settings,
}

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read a service's settings as `serve` would, and show what is in force
    #[command(subcommand)]
    Check(Box<Role>),
    /// List every setting as the page docs/configuration.md
    List,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_value_is_refused_by_its_name() {
        let line = [
            "quadrille",
            "serve",
            "orders",
            "--mongodb-pool-size",
            "many",
        ];
        let refused = Cli::try_parse_from(line).unwrap_err().to_string();
        assert!(
            refused.contains("--mongodb-pool-size") && refused.contains("many"),
            "{refused}"
        );
    }
}
