use std::sync::Arc;

use axum::extract::FromRef;
use outbox::Clock;
use service::token::Verifier;

use crate::catalogue::MemoryCatalogue;
use crate::store::ShopDatabase;

/// What every endpoint works with: those that change something on the database, those that read
/// have the catalogue in memory.
#[derive(Clone)]
pub struct Api {
    /// The service's database.
    pub database: ShopDatabase,
    /// Draws ids and tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells who calls.
    pub verifier: Verifier,
    /// Answers readers; of the same database.
    pub catalogue: MemoryCatalogue,
}

impl FromRef<Api> for MemoryCatalogue {
    fn from_ref(api: &Api) -> Self {
        api.catalogue.clone()
    }
}

impl FromRef<Api> for Verifier {
    fn from_ref(api: &Api) -> Self {
        api.verifier.clone()
    }
}
