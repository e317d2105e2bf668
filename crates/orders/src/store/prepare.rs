//! Collections and indexes.

use std::time::Duration;

use bson::doc;
use outbox::{Collection, Index};

pub(super) const ORDERS: &str = "orders";
pub(super) const IDEMPOTENCY: &str = "idempotency";
pub(super) const CHANGE_EVENTS: &str = "order_news";

/// How long a change event is kept: only open change streams read it.
const CHANGE_EVENTS_TTL: Duration = Duration::from_mins(10);

/// How long a request's `Idempotency-Key` is remembered, in days. A week is longer than any
/// client keeps trying, and it bounds the table.
pub const IDEMPOTENCY_DAYS: u64 = 7;

/// The service's own collections.
pub const COLLECTIONS: [Collection; 3] = [
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
        IDEMPOTENCY,
        &[Index::on(&["created_at"])
            .expires_after(Duration::from_secs(IDEMPOTENCY_DAYS * 24 * 60 * 60))
            .named("forget")],
    ),
    Collection::new(
        CHANGE_EVENTS,
        &[Index::on(&["at"])
            .expires_after(CHANGE_EVENTS_TTL)
            .named("outdated")],
    )
    .transient(),
];
