//! A service without its type, for programs that go through all of them.

use std::marker::PhantomData;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use futures::future::BoxFuture;
use outbox::mongo::MongoDatabase;
use outbox::{StoreError, Subscriptions};
use replica::LocalCopy;
use service::lifecycle::Lifecycle;
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::{BoxError, Context, Contract, Migrated, Running, Service, Settings, StartError};

/// A service, whichever.
pub trait Role: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What it is for, in a few words.
    fn about(&self) -> &'static str;

    /// The port that it listens on unless told otherwise.
    fn port(&self) -> u16;

    /// Where the gateway answers for its health.
    fn health(&self) -> &'static str;

    /// What it publishes and consumes.
    fn contract(&self) -> Contract;

    /// Its endpoints' description.
    fn openapi(&self) -> OpenApi;

    /// Its command: its name and all of its settings.
    fn command(&self) -> Command;

    /// Adds the settings that are this service's alone to `command`.
    fn own_settings(&self, command: Command) -> Command;

    /// Starts an instance on `lifecycle`, its own settings from `own`, which comes from a command
    /// with [`own_settings`](Self::own_settings).
    fn start<'a>(
        &'a self,
        common: Settings,
        own: &'a ArgMatches,
        lifecycle: &'a Lifecycle,
    ) -> BoxFuture<'a, Result<Running<()>, StartError>>;

    /// Makes its collections and indexes in `database`, those of outbox and inbox included.
    fn prepare<'a>(&'a self, database: &'a MongoDatabase) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Does what this build has to do with the data of older ones.
    fn migrate<'a>(
        &'a self,
        database: &'a MongoDatabase,
    ) -> BoxFuture<'a, Result<Migrated, StoreError>>;

    /// Loads its demo data into `database`, which need not be prepared; what is there is left alone.
    fn load_demo<'a>(&'a self, database: &'a MongoDatabase) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Collections that no backup has.
    fn transient(&self) -> Vec<&'static str>;

    /// The copies that it keeps of what others own.
    fn copies(&self) -> Vec<LocalCopy>;

    /// Who handles what it consumes, on `database`: for tools that work in its place.
    fn subscriptions(&self, database: &MongoDatabase) -> Subscriptions<MongoDatabase>;
}

impl std::fmt::Debug for dyn Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The service `S`.
pub const fn role<S: Service>() -> &'static dyn Role {
    &RoleOf::<S>(PhantomData)
}

struct RoleOf<S>(PhantomData<fn() -> S>);

impl<S: Service> Role for RoleOf<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn about(&self) -> &'static str {
        S::ABOUT
    }

    fn port(&self) -> u16 {
        S::PORT
    }

    fn health(&self) -> &'static str {
        S::HEALTH
    }

    fn contract(&self) -> Contract {
        crate::contract::<S>()
    }

    fn openapi(&self) -> OpenApi {
        crate::openapi::<S>()
    }

    fn command(&self) -> Command {
        let command = Settings::augment_args(Command::new(S::NAME));
        // A flattened group's own text would take its place.
        self.own_settings(command).about(S::ABOUT)
    }

    fn own_settings(&self, command: Command) -> Command {
        S::Settings::augment_args(command)
    }

    fn start<'a>(
        &'a self,
        common: Settings,
        own: &'a ArgMatches,
        lifecycle: &'a Lifecycle,
    ) -> BoxFuture<'a, Result<Running<()>, StartError>> {
        Box::pin(async move {
            let own = S::Settings::from_arg_matches(own).map_err(StartError::of_service)?;
            let running = crate::start::<S>(common, own, lifecycle).await?;
            Ok(Running {
                address: running.address,
                routes: running.routes,
                state: (),
            })
        })
    }

    fn prepare<'a>(&'a self, database: &'a MongoDatabase) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(crate::prepare::<S>(database))
    }

    fn migrate<'a>(
        &'a self,
        database: &'a MongoDatabase,
    ) -> BoxFuture<'a, Result<Migrated, StoreError>> {
        Box::pin(crate::migrate::<S>(database))
    }

    fn load_demo<'a>(&'a self, database: &'a MongoDatabase) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(async move {
            let Some(load) = App::<S>::declared().demo else {
                return Ok(());
            };
            crate::prepare::<S>(database).await?;
            load(database.clone()).await
        })
    }

    fn transient(&self) -> Vec<&'static str> {
        let collections = App::<S>::declared().collections();
        let transient = collections.iter().filter(|one| one.transient);
        transient.map(|one| one.name).collect()
    }

    fn copies(&self) -> Vec<LocalCopy> {
        App::<S>::declared().copies
    }

    fn subscriptions(&self, database: &MongoDatabase) -> Subscriptions<MongoDatabase> {
        App::<S>::declared().subscriptions(&Context::on(database.clone()))
    }
}
