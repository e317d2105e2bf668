//! What the parts of a service are made from.

use std::sync::Arc;

use axum::extract::FromRef;
use outbox::mongo::MongoDatabase;
use outbox::{Clock, SystemClock};
use service::config::TokenSettings;
use service::token::Verifier;

use crate::{Service, Settings};

/// What handlers, jobs and endpoints of `S` are made from; cheap to clone.
pub struct Context<S: Service>(Arc<Parts<S>>);

struct Parts<S: Service> {
    database: MongoDatabase,
    clock: Arc<dyn Clock>,
    verifier: Verifier,
    common: Settings,
    settings: S::Settings,
}

impl<S: Service> Context<S> {
    pub(crate) fn new(
        database: MongoDatabase,
        clock: Arc<dyn Clock>,
        common: Settings,
        settings: S::Settings,
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
    pub fn on(database: MongoDatabase) -> Self {
        let clock = Arc::new(SystemClock);
        Self::new(database, clock, Settings::default(), S::Settings::default())
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
    pub fn settings(&self) -> &S::Settings {
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

    pub(crate) fn common(&self) -> &Settings {
        &self.0.common
    }
}

impl<S: Service> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Service> FromRef<Context<S>> for Verifier {
    fn from_ref(context: &Context<S>) -> Self {
        context.verifier()
    }
}
