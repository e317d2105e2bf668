//! The role of a process, as it is typed.

use clap::{ArgMatches, Args, FromArgMatches, Subcommand};
use quadrille::startable;
use service::config::{HttpSettings, InvalidKafkaSecurity};

use crate::services::chosen;

/// One role and its settings.
#[derive(Debug)]
pub(crate) enum Role {
    /// The edge.
    Gateway(Box<gateway::Settings>),
    /// A service: what every service has, and the whole line, which holds what it has alone.
    Service(&'static dyn host::Role, Box<host::Settings>, ArgMatches),
}

const GATEWAY: &str = "gateway";

impl Subcommand for Role {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        // A flattened group's own text would take its place.
        let gateway = gateway::Settings::augment_args(clap::Command::new(GATEWAY))
            .about("The edge: routes, access rules, limits, the web UI");
        command
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand(gateway)
            .subcommands(startable().map(host::Role::command))
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        name == GATEWAY || startable().any(|service| service.name() == name)
    }
}

impl FromArgMatches for Role {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        if let Some((GATEWAY, matches)) = matches.subcommand() {
            let settings = gateway::Settings::from_arg_matches(matches)?;
            return Ok(Self::Gateway(Box::new(settings)));
        }
        let (service, matches) = chosen(matches)?;
        let common = host::Settings::from_arg_matches(matches)?;
        Ok(Self::Service(service, Box::new(common), matches.clone()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Role {
    /// Its name on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Gateway(_) => GATEWAY,
            Self::Service(service, ..) => service.name(),
        }
    }

    /// Where it listens.
    pub(crate) fn http(&self) -> &HttpSettings {
        match self {
            Self::Gateway(settings) => &settings.http,
            Self::Service(_, common, _) => &common.http,
        }
    }

    /// Whether settings fit together that are each sound by themselves.
    ///
    /// # Errors
    /// What does not fit, and the way out.
    pub(crate) fn check(&self) -> Result<(), InvalidKafkaSecurity> {
        match self {
            Self::Gateway(_) => Ok(()),
            Self::Service(_, common, _) => common.kafka.security.check(),
        }
    }
}
