use std::fmt::Debug;

use outbox::StoreError;
use outbox::mongo::MongoDatabase;

use crate::migration::{self, Migrated};
use crate::{App, Contract, Instance, StartError};

/// A service of the shop.
pub trait Service: Sized + Send + Sync + 'static {
    /// Its name: its consumer group, the source of its events, its database unless told otherwise.
    const NAME: &'static str;
    /// What it is for, in a few words, as the command line shows it.
    const ABOUT: &'static str;
    /// The port that it listens on unless told otherwise.
    const PORT: u16;
    /// Where the gateway answers for its health.
    const HEALTH: &'static str;
    /// What can be set for this service alone; [`Settings`](crate::Settings) is what every service has. `up` has
    /// those of all services on one command line, so no two share a flag, and `#[group(skip)]` keeps
    /// the struct's name out of it.
    type Settings: clap::Args + Clone + Debug + Default + Send + Sync;
    /// What its endpoints work with.
    type State: Clone + Send + Sync + 'static;

    /// Declares what it publishes, consumes, keeps and answers.
    fn register(app: &mut App<Self>);

    /// Makes what its endpoints work with and begins what runs beside them. Servers may be out of
    /// reach: nothing here waits for them.
    ///
    /// # Errors
    /// When a setting can't be used.
    fn start(
        instance: &mut Instance<Self>,
    ) -> impl Future<Output = Result<Self::State, StartError>> + Send;
}

/// Makes the collections and indexes of `S` in `database`, those of outbox and inbox included. Doing
/// it again changes nothing.
///
/// # Errors
/// When MongoDB is out of reach, or refuses.
pub async fn prepare<S: Service>(database: &MongoDatabase) -> Result<(), StoreError> {
    database.prepare().await?;
    let collections = App::<S>::declared().collections();
    database.prepare_collections(&collections).await
}

/// Does what `S` has to do with the data of older builds and has not done yet. What is published is in
/// the outbox then. One that is interrupted goes on where it was.
///
/// # Errors
/// When MongoDB is out of reach, or a document can't be read.
pub async fn migrate<S: Service>(database: &MongoDatabase) -> Result<Migrated, StoreError> {
    let app = App::<S>::declared();
    Ok(Migrated {
        kept: app.apply_rules(database).await?,
        published: migration::migrate(&app.migrations, database).await?,
    })
}

/// What `S` publishes and consumes.
pub fn contract<S: Service>() -> Contract {
    App::<S>::declared().contract()
}

/// The description of `S`'s endpoints (OpenAPI 3.1), its operators' included.
pub fn openapi<S: Service>() -> utoipa::openapi::OpenApi {
    App::<S>::declared().openapi()
}
