//! The services that hear events, for the commands that look after their messages.
//!
//! **How to add one.** A line in [`ALL`], and an option for its database in
//! [`Place`](crate::place::Place).

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use events::Contract;
use outbox::Subscriptions;
use outbox::mongo::MongoDatabase;

/// A service that hears events.
pub(crate) struct Service {
    /// What it says and hears; its name is also its consumer group.
    pub(crate) contract: Contract,
    /// Who handles what it hears.
    pub(crate) subscriptions: fn(&MongoDatabase) -> Subscriptions<MongoDatabase>,
}

/// Every service that hears events.
pub(crate) const ALL: &[Service] = &[
    Service {
        contract: orders::CONTRACT,
        subscriptions: orders::subscriptions,
    },
    Service {
        contract: products::CONTRACT,
        subscriptions: products::subscriptions,
    },
];

impl Service {
    /// Its name, which is also its consumer group.
    pub(crate) fn name(&self) -> &'static str {
        self.contract.service
    }

    /// The topics that it listens to.
    pub(crate) fn hears(&self) -> BTreeSet<&'static str> {
        let subscribed = self.contract.subscribes.iter();
        subscribed.map(|(stream, _)| stream.topic).collect()
    }
}

/// The service `name`.
///
/// # Errors
/// When there is none that hears events; the text names those that do.
pub(crate) fn named(name: &str) -> anyhow::Result<&'static Service> {
    let known: Vec<&str> = ALL.iter().map(Service::name).collect();
    ALL.iter()
        .find(|service| service.name() == name)
        .with_context(|| {
            format!(
                "there is no service {name:?} that hears events; there are: {}",
                known.join(", ")
            )
        })
}

/// The service `name`, which must listen to `topic`.
///
/// # Errors
/// When it does not; the text names what it listens to.
pub(crate) fn hearing(name: &str, topic: &str) -> anyhow::Result<&'static Service> {
    let service = named(name)?;
    let hears = service.hears();
    ensure!(
        hears.contains(topic),
        "{name} does not listen to a topic {topic:?}; it listens to: {}",
        hears.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(service)
}
