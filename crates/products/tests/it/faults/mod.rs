//! MongoDB fails at each command of each unit of work of this service; in the end it was done
//! exactly once.

pub(crate) mod commands;
pub(crate) mod deciding;
pub(crate) mod releasing;

use outbox::mongo::MongoDatabase;
use outbox::{Event, Message};
use testkit::faults::MongoProxy;

use crate::fixture::Shop;

/// In how many shares a unit's cases are done side by side.
pub(crate) const SHARES: usize = 3;

/// A shop, once through a tap and once past it.
pub(crate) struct Setup {
    pub(crate) proxy: MongoProxy,
    pub(crate) proxied: MongoDatabase,
    pub(crate) shop: Shop,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let shop = Shop::open().await;
        let proxy = MongoProxy::new(shop.environment.mongodb_uri()).await;
        let name = shop.environment.database_name("products");
        let proxied = proxy.database(&name).await;
        Self {
            proxy,
            proxied,
            shop,
        }
    }

    /// Takes what waits to be published out of the outbox.
    pub(crate) async fn published(&self) -> Vec<Message> {
        testkit::take_pending(&self.shop.database).await
    }
}

/// The events of type `E` among `messages`.
pub(crate) fn events<E: Event>(messages: &[Message]) -> Vec<E> {
    let ours = messages.iter().filter(|m| m.event_type == E::TYPE);
    ours.map(|message| E::read(message.version, &message.payload).unwrap())
        .collect()
}
