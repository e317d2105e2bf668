//! What the parts of a service are made from.

use std::sync::Arc;

use axum::extract::FromRef;
use outbox::mongo::MongoDatabase;
use outbox::{Clock, SystemClock};
use service::config::TokenSettings;
use service::token::Verifier;

use crate::Settings;

/// What handlers, jobs and endpoints of a service with the settings `T` are made from; cheap to
/// clone.
pub struct Context<T>(Arc<Parts<T>>);

struct Parts<T> {
    database: MongoDatabase,
    clock: Arc<dyn Clock>,
    verifier: Verifier,
    common: Settings,
    settings: T,
}

impl<T> Context<T> {
    pub(crate) fn new(
        database: MongoDatabase,
        clock: Arc<dyn Clock>,
        common: Settings,
        settings: T,
    ) -> Self {
        Self(Arc::new(Parts {
            database,
            clock,
            verifier: Verifier::new(&common.tokens),
            common,
            settings,
        }))
    }

    /// For tools that work on `database` in the service's place: with the default settings.
    pub fn on(database: MongoDatabase) -> Self
    where
        T: Default,
    {
        let clock = Arc::new(SystemClock);
        Self::new(database, clock, Settings::default(), T::default())
    }

    /// The service's database.
    pub fn database(&self) -> MongoDatabase {
        self.0.database.clone()
    }

    /// Where times and ids come from.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// Tells who calls.
    pub fn verifier(&self) -> Verifier {
        self.0.verifier.clone()
    }

    /// What was set for this service alone.
    pub fn settings(&self) -> &T {
        &self.0.settings
    }

    /// Whose tokens are taken.
    pub fn tokens(&self) -> &TokenSettings {
        &self.0.common.tokens
    }

    /// Whether the shop is there for trying it out.
    pub fn is_demo(&self) -> bool {
        self.0.common.demo
    }

    /// Where a demo start has put the role `name`.
    pub fn address_of(&self, name: &str) -> Option<&str> {
        self.0.common.addresses.get(name).map(String::as_str)
    }

    pub(crate) fn common(&self) -> &Settings {
        &self.0.common
    }
}

impl<T> Clone for Context<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> FromRef<Context<T>> for Verifier {
    fn from_ref(context: &Context<T>) -> Self {
        context.verifier()
    }
}
