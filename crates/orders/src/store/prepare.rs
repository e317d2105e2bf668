//! Collections and indexes.

use std::time::Duration;

use bson::doc;
use outbox::{Collection, Index};

pub(super) const ORDERS: &str = "orders";
pub(super) const CHANGE_EVENTS: &str = "order_news";

/// How long a change event is kept: only open change streams read it.
const CHANGE_EVENTS_TTL: Duration = Duration::from_mins(10);

/// The service's own collections.
pub const COLLECTIONS: [Collection; 2] = [
    Collection::new(
        ORDERS,
        &[
            Index::on(&["customer", "-_id"]),
            Index::on(&["status", "_id"])
                .only(|| doc! { "status": "PENDING" })
                .named("pending"),
        ],
    ),
    Collection::new(
        CHANGE_EVENTS,
        &[Index::on(&["at"])
            .expires_after(CHANGE_EVENTS_TTL)
            .named("outdated")],
    )
    .transient(),
];
