//! MongoDB fails at each command of each unit of work of this service; in the end it was done
//! exactly once.

mod hearing;
pub mod over_http;
mod placing;

use outbox::Message;
use outbox::mongo::MongoDatabase;
use testkit::faults::MongoTap;

use crate::fixture::Shop;

/// In how many shares a unit's cases are done side by side.
pub const LANES: usize = 3;

/// A shop, once through a tap and once past it.
pub struct Ground {
    pub tap: MongoTap,
    pub tapped: MongoDatabase,
    pub shop: Shop,
}

impl Ground {
    pub async fn new() -> Self {
        let shop = Shop::open().await;
        let tap = MongoTap::new(shop.bed().mongodb_uri()).await;
        let name = shop.bed().database_name("orders");
        let tapped = tap.database(&name).await;
        Self { tap, tapped, shop }
    }

    /// Takes what waits to be published out of the outbox.
    pub async fn said(&self) -> Vec<Message> {
        testkit::outgoing(&self.shop.database).await
    }
}
