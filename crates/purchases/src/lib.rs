//! The purchase intake.
//!
//! **Purpose.** Takes purchases that were made elsewhere, tells everyone of them, and lists them by
//! user. Its routes are those of clients that exist already, and stand also below
//! `/scalable-shop-cm-server`.
//!
//! **Boundary.** A purchase here is what its sender says: no product, no stock, no payment. Each is
//! taken once: the same values again are refused.
//!
//! **Flow.**
//!
//! ```text
//! POST /buy                  -> commands/record_purchase: row + outbox -> PurchaseCreate
//! GET /getAllUserBuys/{name} -> store::purchases_of
//! ```
//!
//! In a demo start anyone may call; elsewhere a token is demanded, and a user sees and adds only
//! own purchases.
//!
//! **How to add one.** An endpoint: a file in `http` and a route there.

pub mod commands;
pub mod domain;
pub mod http;
mod name;
pub mod recovery;
mod settings;
pub mod store;

use events::PurchaseCreate;
use host::{App, Context, Instance, Service, StartError};

use crate::recovery::PurchaseRecovery;

pub use settings::Settings;

/// The service.
pub struct Purchases;

impl Service for Purchases {
    const NAME: &'static str = name::NAME;
    const ABOUT: &'static str = "The purchase intake";
    const PORT: u16 = 8084;
    const HEALTH: &'static str = "/api/purchases_health";
    type Settings = Settings;
    type State = Context<Settings>;

    fn register(app: &mut App<Self>) {
        app.tables(&[store::PURCHASES])
            .publishes::<PurchaseCreate>()
            .recovery(|context| PurchaseRecovery::new(context.database()))
            .writes_wait_for_recovery()
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Context<Settings>, StartError> {
        Ok(instance.context())
    }
}
