//! `quadrille choreography`: who publishes what and who consumes it, from the services' own contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use events::topics::{ALL, Retention};
use host::{Contract, Stream};
use quadrille::SERVICES;

/// Every service that takes part.
pub(crate) fn contracts() -> Vec<Contract> {
    SERVICES.iter().map(|service| service.contract()).collect()
}

/// The same for the operators' page, which the gateway serves without knowing the services.
pub(crate) fn for_the_gateway() -> gateway::Choreography {
    let services = contracts()
        .into_iter()
        .map(|contract| gateway::ServicePart {
            name: contract.service.to_owned(),
            publishes: contract.publishes.iter().map(published).collect(),
            subscribes: contract.subscribes.iter().map(subscribed).collect(),
            jobs: contract.jobs.iter().map(ToString::to_string).collect(),
        });
    let topics = ALL.iter().map(|topic| gateway::Topic {
        name: topic.name.to_owned(),
        writer: topic.writer.to_owned(),
        key: topic.key.to_owned(),
        partitions: topic.partitions,
        keeps: keeps(topic.retention),
    });
    gateway::Choreography {
        services: services.collect(),
        topics: topics.collect(),
    }
}

fn published(stream: &Stream) -> gateway::Published {
    gateway::Published {
        event: stream.event.to_owned(),
        topic: stream.topic.to_owned(),
    }
}

fn subscribed((stream, effect): &(Stream, &str)) -> gateway::Subscribed {
    gateway::Subscribed {
        event: stream.event.to_owned(),
        topic: stream.topic.to_owned(),
        effect: (*effect).to_owned(),
    }
}

fn keeps(retention: Retention) -> String {
    match retention {
        Retention::Unlimited => "every record".to_owned(),
        Retention::Compacted => "the newest of each key".to_owned(),
        Retention::Days(days) => format!("every record for {days} days"),
    }
}

/// What is wrong with a set of contracts; empty when they fit together.
pub(crate) fn problems(contracts: &[Contract]) -> Vec<String> {
    let mut problems = Vec::new();
    let published: BTreeSet<Stream> = contracts
        .iter()
        .flat_map(|contract| &contract.publishes)
        .copied()
        .collect();
    for contract in contracts {
        for stream in &contract.publishes {
            match ALL.iter().find(|topic| topic.name == stream.topic) {
                Some(topic) if topic.writer == contract.service => {}
                Some(topic) => problems.push(format!(
                    "{} publishes {} to {}, which only {} writes",
                    contract.service, stream.event, stream.topic, topic.writer
                )),
                None => problems.push(format!(
                    "{} publishes {} to {}, which is not a topic of the shop",
                    contract.service, stream.event, stream.topic
                )),
            }
        }
        for (stream, _) in &contract.subscribes {
            if !published.contains(stream) {
                problems.push(format!(
                    "{} subscribes to {} on {}, which nobody publishes",
                    contract.service, stream.event, stream.topic
                ));
            }
        }
    }
    problems
}

/// The page `docs/choreography.md`.
pub(crate) fn markdown(contracts: &[Contract]) -> String {
    let mut page = String::from(
        "# The choreography\n\n\
         Made by `quadrille choreography --markdown` from the contracts that the services declare \
         in their `lib.rs`; a test holds this page to them.\n\n\
         ## Who consumes what\n\n```mermaid\nflowchart LR\n",
    );
    for contract in contracts {
        let _ = writeln!(page, "    {0}[{0}]", contract.service);
    }
    for topic in ALL {
        let _ = writeln!(page, "    {}([{}])", node(topic.name), topic.name);
    }
    for contract in contracts {
        for (topic, events) in by_topic(contract.publishes.iter().copied()) {
            let _ = writeln!(
                page,
                "    {} -- {} --> {}",
                contract.service,
                events.join(", "),
                node(topic)
            );
        }
        for (topic, events) in by_topic(contract.subscribes.iter().map(|(stream, _)| *stream)) {
            let _ = writeln!(
                page,
                "    {} -- {} --> {}",
                node(topic),
                events.join(", "),
                contract.service
            );
        }
    }
    page.push_str("```\n\n## Services\n");
    for contract in contracts {
        let _ = write!(
            page,
            "\n### {}\n\n| | event | topic | what for |\n|---|---|---|---|\n",
            contract.service
        );
        for stream in &contract.publishes {
            let _ = writeln!(
                page,
                "| publishes | {} | `{}` | |",
                stream.event, stream.topic
            );
        }
        for (stream, effect) in &contract.subscribes {
            let _ = writeln!(
                page,
                "| subscribes | {} | `{}` | {effect} |",
                stream.event, stream.topic
            );
        }
    }
    page.push_str(
        "\n## Topics\n\n| topic | written by | key | partitions | keeps |\n|---|---|---|---|---|\n",
    );
    for topic in ALL {
        let keeps = keeps(topic.retention);
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {keeps} |",
            topic.name, topic.writer, topic.key, topic.partitions
        );
    }
    page
}

/// The same for a terminal.
pub(crate) fn text(contracts: &[Contract]) -> String {
    let mut page = String::new();
    for contract in contracts {
        let _ = writeln!(page, "{}", contract.service);
        for stream in &contract.publishes {
            let _ = writeln!(page, "  publishes {:<24} -> {}", stream.event, stream.topic);
            for other in contracts {
                for (subscribed, effect) in &other.subscribes {
                    if subscribed == stream {
                        let _ =
                            writeln!(page, "              {} subscribes: {effect}", other.service);
                    }
                }
            }
        }
        page.push('\n');
    }
    page
}

fn by_topic(streams: impl Iterator<Item = Stream>) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut topics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for stream in streams {
        topics.entry(stream.topic).or_default().push(stream.event);
    }
    topics
}

fn node(topic: &str) -> String {
    topic.replace(['.', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_fit_together() {
        assert_eq!(problems(&contracts()), Vec::<String>::new());
    }

    #[test]
    fn a_subscription_that_nobody_serves_is_found() {
        let lonely = Contract {
            service: "carts",
            publishes: vec![],
            subscribes: vec![(
                Stream {
                    event: "PaymentMade",
                    topic: "payment.v1",
                },
                "empties the cart",
            )],
            jobs: vec![],
        };
        let mut contracts = contracts();
        contracts.push(lonely);
        let found = problems(&contracts);
        assert_eq!(
            found,
            ["carts subscribes to PaymentMade on payment.v1, which nobody publishes"]
        );
    }

    #[test]
    fn a_second_writer_is_found() {
        let intruder = Contract {
            service: "carts",
            publishes: vec![Stream::of::<events::OrderCreate>()],
            subscribes: vec![],
            jobs: vec![],
        };
        assert_eq!(
            problems(&[intruder]),
            ["carts publishes OrderCreate to orders.order.v1, which only orders writes"]
        );
    }

    #[test]
    fn the_page_in_docs_is_the_contracts() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/choreography.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(page, markdown(&contracts()), "run: cargo xtask generate");
    }
}
