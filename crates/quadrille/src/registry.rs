//! `quadrille services`: the registry of services as data, which deployments are made from.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Command;
use host::{Role, Service as _};
use outbox::DeadLetter;
use quadrille::SERVICES;
use serde::Serialize;

use crate::services::consumed;

/// What a deployment has to know of a service.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    name: &'static str,
    about: &'static str,
    /// Where it listens unless told otherwise.
    port: u16,
    /// Where the gateway answers for its health.
    health: &'static str,
    /// What its database is called unless told otherwise.
    database: &'static str,
    /// Whether the others check tokens by its keys.
    issues_tokens: bool,
    publishes: BTreeSet<&'static str>,
    consumes: BTreeSet<&'static str>,
    /// Where it puts what it can't apply.
    dead_letters: BTreeSet<String>,
    /// The variables that are read by no other service.
    settings: Vec<String>,
}

/// Every service, in the order of [`SERVICES`].
pub(crate) fn entries() -> Vec<Entry> {
    SERVICES.iter().map(|service| entry(*service)).collect()
}

fn entry(service: &dyn Role) -> Entry {
    let name = service.name();
    let contract = service.contract();
    let consumes = consumed(service);
    let own = service.own_settings(Command::new(name));
    let settings = own
        .get_arguments()
        .filter_map(|argument| argument.get_env());
    Entry {
        name,
        about: service.about(),
        port: service.port(),
        health: service.health(),
        database: name,
        issues_tokens: name == auth::Auth::NAME,
        publishes: contract.publishes.iter().map(|one| one.topic).collect(),
        dead_letters: consumes
            .iter()
            .map(|topic| DeadLetter::topic(topic, name))
            .collect(),
        consumes,
        settings: settings
            .map(|name| name.to_string_lossy().into_owned())
            .collect(),
    }
}

/// For a terminal: a name at the start of a line, and below it what belongs to it.
pub(crate) fn text(entries: &[Entry]) -> String {
    let mut page = String::new();
    for one in entries {
        let list = |words: Vec<&str>| {
            if words.is_empty() {
                return "nothing".to_owned();
            }
            words.join(" ")
        };
        let rows = [
            ("port", one.port.to_string()),
            ("health", one.health.to_owned()),
            ("database", one.database.to_owned()),
            ("publishes", list(one.publishes.iter().copied().collect())),
            ("consumes", list(one.consumes.iter().copied().collect())),
            (
                "settings",
                list(one.settings.iter().map(String::as_str).collect()),
            ),
        ];
        let _ = writeln!(page, "{:<12} {}", one.name, one.about);
        for (what, value) in rows {
            let _ = writeln!(page, "  {what:<10} {value}");
        }
    }
    page
}

/// As JSON, the form of the file in the chart.
pub(crate) fn json(entries: &[Entry]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(entries).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_the_chart_is_the_registry() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../infra/helm/quadrille/files/services.json"
        );
        let file = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(file, json(&entries()).unwrap(), "run: cargo xtask generate");
    }

    /// Rights to read the shop's topics are given by what their names begin with.
    #[test]
    fn a_topic_begins_with_its_writers_name() {
        for one in entries() {
            for topic in one.publishes {
                assert!(topic.starts_with(&format!("{}.", one.name)), "{topic}");
            }
        }
    }

    #[test]
    fn exactly_one_service_issues_tokens() {
        let issuers = entries().into_iter().filter(|one| one.issues_tokens);
        assert_eq!(issuers.count(), 1);
    }

    #[test]
    fn the_page_names_each_service_at_the_start_of_a_line() {
        let page = text(&entries());
        let names: Vec<&str> = page
            .lines()
            .filter(|line| !line.starts_with(' '))
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(names, quadrille::names());
    }
}
