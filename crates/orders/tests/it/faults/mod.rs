//! MongoDB fails at each command of each unit of work of this service; in the end it was done
//! exactly once.

mod consuming;
pub mod over_http;
mod placing;

use outbox::Message;
use outbox::mongo::MongoDatabase;
use testkit::faults::MongoProxy;

use crate::fixture::Shop;

/// In how many shares a unit's cases are done side by side.
pub const SHARES: usize = 3;

/// A shop, once through a tap and once past it.
pub struct Setup {
    pub proxy: MongoProxy,
    pub proxied: MongoDatabase,
    pub shop: Shop,
}

impl Setup {
    pub async fn new() -> Self {
        let shop = Shop::open().await;
        let proxy = MongoProxy::new(shop.environment().mongodb_uri()).await;
        let name = shop.environment().database_name("orders");
        let proxied = proxy.database(&name).await;
        Self {
            proxy,
            proxied,
            shop,
        }
    }

    /// Takes what waits to be published out of the outbox.
    pub async fn published(&self) -> Vec<Message> {
        testkit::take_pending(&self.shop.database).await
    }
}
