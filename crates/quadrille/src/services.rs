//! Services by their names, and what the command line has for each of them.

use std::collections::BTreeSet;
use std::str::FromStr;

use anyhow::{Context, ensure};
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};
use host::Role;
use quadrille::{SERVICES, names, startable};

/// The service `name`.
///
/// # Errors
/// When there is none; the text names those that there are.
pub(crate) fn named(name: &str) -> anyhow::Result<&'static dyn Role> {
    let found = SERVICES.iter().find(|service| service.name() == name);
    found.copied().with_context(|| {
        format!(
            "there is no service {name:?}; there are: {}",
            names().join(", ")
        )
    })
}

/// The topics that `service` consumes.
pub(crate) fn consumed(service: &dyn Role) -> BTreeSet<&'static str> {
    let subscribed = service.contract().subscribes;
    subscribed
        .into_iter()
        .map(|(stream, _)| stream.topic)
        .collect()
}

/// The service `name`, which must consume `topic`.
///
/// # Errors
/// When it does not; the text names what it consumes.
pub(crate) fn consuming(name: &str, topic: &str) -> anyhow::Result<&'static dyn Role> {
    let service = named(name)?;
    let topics = consumed(service);
    ensure!(
        topics.contains(topic),
        "{name} does not consume a topic {topic:?}; it consumes: {}",
        topics.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(service)
}

/// A subcommand for each service, with the same arguments.
#[derive(Debug)]
pub(crate) struct Of<A> {
    pub(crate) service: &'static dyn Role,
    pub(crate) args: A,
}

impl<A: Args> Subcommand for Of<A> {
    fn augment_subcommands(command: Command) -> Command {
        let one = |service: &&dyn Role| {
            // A flattened group's own text would take its place.
            A::augment_args(Command::new(service.name())).about(service.about())
        };
        command
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(SERVICES.iter().map(one))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        names().contains(&name)
    }
}

impl<A: Args> FromArgMatches for Of<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let (service, matches) = chosen(matches)?;
        let args = A::from_arg_matches(matches)?;
        Ok(Self { service, args })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The service that was typed, and what is typed behind it.
pub(crate) fn chosen(matches: &ArgMatches) -> Result<(&'static dyn Role, &ArgMatches), Error> {
    let missing = || Error::raw(ErrorKind::MissingSubcommand, "name a service");
    let (name, matches) = matches.subcommand().ok_or_else(missing)?;
    let service = startable().find(|service| service.name() == name);
    let unknown = || Error::raw(ErrorKind::InvalidSubcommand, "name a service");
    Ok((service.ok_or_else(unknown)?, matches))
}

/// The settings that are each service's alone, all of them on one command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnSettings(pub(crate) ArgMatches);

impl Args for OwnSettings {
    fn augment_args(command: Command) -> Command {
        startable().fold(command, |command, service| service.own_settings(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OwnSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self(matches.clone()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// How the services' databases are called: a name for all of them, in which `{service}` stands for
/// the service's own, and names for one (`SERVICE=NAME`), which come before it.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseNames(Vec<(Option<String>, String)>);

impl DatabaseNames {
    /// Each is called like its service.
    pub(crate) const LIKE_THE_SERVICE: &str = "{service}";

    /// The name of `service`'s database.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn of(&self, service: &str) -> anyhow::Result<String> {
        let named = |wanted: Option<&str>| {
            let mut all = self.0.iter();
            all.find(|(name, _)| name.as_deref() == wanted)
        };
        let (_, name) = named(Some(service))
            .or_else(|| named(None))
            .with_context(|| {
                format!("--databases names none for {service}: add {service}=NAME, or {{service}}")
            })?;
        Ok(name.replace("{service}", service))
    }
}

impl FromStr for DatabaseNames {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let entry = |text: &str| {
            let (service, name) = match text.split_once('=') {
                Some((service, name)) => (Some(named(service)?.name().to_owned()), name),
                None => (None, text),
            };
            ensure!(!name.is_empty(), "a database has a name");
            Ok((service, name.to_owned()))
        };
        text.split(',')
            .map(|text| entry(text.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_serves_for_all_and_a_services_own_comes_first() {
        let names: DatabaseNames = "shop_{service}, orders=other".parse().unwrap();
        assert_eq!(names.of("auth").unwrap(), "shop_auth");
        assert_eq!(names.of("orders").unwrap(), "other");
        let only: DatabaseNames = "orders=other".parse().unwrap();
        let missing = only.of("auth").unwrap_err().to_string();
        assert!(missing.contains("auth=NAME"), "{missing}");
        for wrong in ["nobody=x", "orders="] {
            assert!(wrong.parse::<DatabaseNames>().is_err(), "{wrong}");
        }
    }
}
