//! MongoDB fails at each command of each unit of work of this service; in the end it was done
//! exactly once.

pub(crate) mod commands;
pub(crate) mod deciding;

use outbox::mongo::MongoDatabase;
use outbox::{Event, Message};
use testkit::faults::MongoTap;

use crate::fixture::Shop;

/// In how many shares a unit's cases are done side by side.
pub(crate) const LANES: usize = 3;

/// A shop, once through a tap and once past it.
pub(crate) struct Ground {
    pub(crate) tap: MongoTap,
    pub(crate) tapped: MongoDatabase,
    pub(crate) shop: Shop,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let shop = Shop::open().await;
        let tap = MongoTap::new(shop.bed.mongodb_uri()).await;
        let name = shop.bed.database_name("products");
        let tapped = tap.database(&name).await;
        Self { tap, tapped, shop }
    }

    /// Takes what waits to be published out of the outbox.
    pub(crate) async fn said(&self) -> Vec<Message> {
        testkit::outgoing(&self.shop.database).await
    }
}

/// The events of type `E` among `messages`.
pub(crate) fn events<E: Event>(messages: &[Message]) -> Vec<E> {
    let ours = messages.iter().filter(|m| m.event_type == E::TYPE);
    ours.map(|message| E::read(message.version, &message.payload).unwrap())
        .collect()
}
