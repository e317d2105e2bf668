//! Settings as data: what there is, what is in force, and what is misspelt.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;

use anyhow::bail;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// Variables that are read elsewhere than on the command line.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "QUADRILLE_CACHE",
        "up",
        "Where Kafka and mongod are kept once provisioned [default: ~/.cache/quadrille]",
    ),
    (
        crate::accounts::PASSWORD,
        "accounts",
        "for accounts, the new account's [default: the first line of the input]",
    ),
];

const PREFIX: &str = "QUADRILLE_";

/// Refuses a variable of ours that nothing reads: it is a misspelling, and what it was
/// meant to set would silently keep its default.
///
/// # Errors
/// When there is one; the text names it and the nearest that exists.
pub(crate) fn check_environment(
    command: &Command,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> anyhow::Result<()> {
    let known: BTreeSet<String> = all(command).into_keys().collect();
    for (name, _) in environment {
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with(PREFIX) || known.contains(name) || is_of_tests(name) {
            continue;
        }
        let nearest = known.iter().min_by_key(|other| distance(name, other));
        let hint = nearest
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        bail!(
            "{name} is set, but there is no such setting{hint} (`quadrille config list` names all)"
        );
    }
    Ok(())
}

/// Set by test runs for the tests, and inherited by the services that they start.
fn is_of_tests(name: &str) -> bool {
    name.starts_with("QUADRILLE_TEST_")
}

/// What is in force for the command line `matches`, one setting a line, secrets hidden.
pub(crate) fn effective(command: &Command, matches: &ArgMatches) -> String {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else {
            break;
        };
        (command, matches) = (found, inner);
    }
    let mut page = format!("{}: the settings are sound\n\n", command.get_name());
    for arg in settings_of(command) {
        let id = arg.get_id().as_str();
        let value = if arg.is_hide_env_values_set() {
            "(hidden)".to_owned()
        } else {
            let raw = matches.try_get_raw(id).ok().flatten();
            let texts: Vec<String> = raw
                .into_iter()
                .flatten()
                .map(|v| v.to_string_lossy().into_owned())
                .collect();
            if texts.is_empty() {
                "(not set)".to_owned()
            } else {
                texts.join(",")
            }
        };
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            _ => "default",
        };
        let _ = writeln!(
            page,
            "{:<38} {value}  [{source}]",
            env_of(arg).unwrap_or_default()
        );
    }
    page
}

/// The page `docs/configuration.md`.
pub(crate) fn markdown(command: &Command) -> String {
    let mut page = String::from(
        "# Configuration\n\nMade by `quadrille config list`; a test holds this page to the code. \
         Every setting is a variable in the environment and a flag of the same name; the flag wins. \
         A wrong value, or a variable that begins with `QUADRILLE_` and is none of these, is refused \
         at the start by its name.\n\n| variable | flag | read by | default | what it sets |\n|---|---|---|---|---|\n",
    );
    for (name, setting) in all(command) {
        let readers: Vec<&str> = setting.readers.iter().map(String::as_str).collect();
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} | {} | {} |",
            setting.flag,
            readers.join(", "),
            setting.default,
            setting.help
        );
    }
    page.push_str(
        "\n`RUST_LOG` sets what is logged, as `tracing-subscriber` reads it: `info`, `warn`, \
         `orders=debug,warn`.\n",
    );
    page
}

#[derive(Default)]
struct Setting {
    flag: String,
    readers: BTreeSet<String>,
    default: String,
    help: String,
}

fn all(command: &Command) -> BTreeMap<String, Setting> {
    let mut settings = BTreeMap::new();
    collect(command, command.get_name(), &mut settings);
    for (name, reader, help) in OTHERS {
        let setting: &mut Setting = settings.entry((*name).to_owned()).or_default();
        setting.readers.insert((*reader).to_owned());
        if !setting.help.is_empty() {
            setting.help.push_str("; ");
        }
        setting.help.push_str(help);
    }
    settings
}

fn collect(command: &Command, reader: &str, settings: &mut BTreeMap<String, Setting>) {
    for arg in settings_of(command) {
        let Some(name) = env_of(arg) else { continue };
        let setting = settings.entry(name).or_default();
        setting.readers.insert(reader.to_owned());
        let defaults = arg.get_default_values().iter();
        let defaults: Vec<String> = defaults
            .map(|v| format!("`{}`", v.to_string_lossy()))
            .collect();
        // Several commands may read it; what one with a default says of it comes first.
        if setting.default.is_empty() || !defaults.is_empty() {
            setting.default = defaults.join(" ");
            setting.flag = arg
                .get_long()
                .map(|flag| format!("`--{flag}`"))
                .unwrap_or_default();
            setting.help = arg
                .get_help()
                .map(|help| help.to_string().replace('\n', " "))
                .unwrap_or_default();
        }
    }
    for inner in command.get_subcommands() {
        // Alone, the names of these say nothing.
        let reader = if ["dead-letters", "jobs", "topics", "accounts"].contains(&reader) {
            reader
        } else {
            inner.get_name()
        };
        collect(inner, reader, settings);
    }
}

fn settings_of(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|arg| arg.get_env().is_some())
}

fn env_of(arg: &Arg) -> Option<String> {
    arg.get_env()
        .map(|name| name.to_string_lossy().into_owned())
}

/// How many letters to change to get from one to the other.
fn distance(one: &str, other: &str) -> usize {
    strsim::levenshtein(one, other)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::Cli;

    fn environment(name: &str) -> impl Iterator<Item = (OsString, OsString)> {
        std::iter::once((OsString::from(name), OsString::from("x")))
    }

    #[test]
    fn a_misspelt_variable_is_refused_and_its_neighbour_named() {
        let refused =
            check_environment(&Cli::command(), environment("QUADRILLE_KAFKA_BROKER")).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("QUADRILLE_KAFKA_BROKER is set"), "{text}");
        assert!(
            text.contains("did you mean QUADRILLE_KAFKA_BROKERS?"),
            "{text}"
        );
    }

    #[test]
    fn known_and_foreign_variables_are_left_alone() {
        for name in [
            "QUADRILLE_KAFKA_BROKERS",
            "QUADRILLE_CACHE",
            "PATH",
            "OTEL_SERVICE_NAME",
        ] {
            check_environment(&Cli::command(), environment(name)).unwrap();
        }
    }

    #[test]
    fn what_is_in_force_is_shown_and_secrets_are_not() {
        let line = [
            "quadrille",
            "config",
            "check",
            "orders",
            "--mongodb-uri",
            "mongodb://u:geheim@h/",
        ];
        let matches = Cli::command().get_matches_from(line);
        let page = effective(&Cli::command(), &matches);
        assert!(
            page.contains("QUADRILLE_MONGODB_URI") && page.contains("(hidden)"),
            "{page}"
        );
        assert!(!page.contains("geheim"), "{page}");
    }

    #[test]
    fn every_setting_says_what_it_sets() {
        for (name, setting) in all(&Cli::command()) {
            assert!(!setting.help.is_empty(), "{name} has no help");
        }
        assert!(Cli::try_parse_from(["quadrille", "config", "list"]).is_ok());
    }

    #[test]
    fn the_page_in_docs_is_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(page, markdown(&Cli::command()), "run: cargo xtask generate");
    }
}
