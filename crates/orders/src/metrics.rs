//! What the service counts of its own business.
//!
//! Handles are made once: a lookup for each order would cost more than the counting.

use std::time::Duration;

use events::{OrderId, OrderStatus};
use jiff::Timestamp;
use metrics::{
    Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    histogram,
};
use uuid::Uuid;

use crate::commands::{Decision, Placed};
use crate::domain::Order;

/// Metrics of the group commit.
pub(crate) struct PlacingMetrics {
    sizes: Histogram,
    times: Histogram,
    placed: Counter,
    repeated: Counter,
    refused: Counter,
}

impl PlacingMetrics {
    pub(crate) fn new() -> Self {
        describe_histogram!(
            "orders_batch_size",
            Unit::Count,
            "Requests in one transaction"
        );
        describe_histogram!(
            "orders_commit_duration_seconds",
            Unit::Seconds,
            "Time of such a transaction, with its repetitions"
        );
        describe_counter!("orders_placed_total", Unit::Count, "Orders placed");
        describe_counter!(
            "orders_repeated_total",
            Unit::Count,
            "Requests answered with an order placed before"
        );
        describe_counter!(
            "orders_refused_total",
            Unit::Count,
            "Requests and carts refused at once, for an unknown product, another price or too little stock"
        );
        Self {
            sizes: histogram!("orders_batch_size"),
            times: histogram!("orders_commit_duration_seconds"),
            placed: counter!("orders_placed_total"),
            repeated: counter!("orders_repeated_total"),
            refused: counter!("orders_refused_total"),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a batch has at most a few hundred"
    )]
    pub(crate) fn tried(&self, requests: usize, took: Duration) {
        self.sizes.record(requests as f64);
        self.times.record(took);
    }

    pub(crate) fn decided(&self, decisions: &[Decision]) {
        let (mut placed, mut repeated, mut refused) = (0, 0, 0);
        for decision in decisions {
            match decision {
                Ok(Placed::New(_)) => placed += 1,
                Ok(Placed::Again(_)) => repeated += 1,
                Err(_) => refused += 1,
            }
        }
        for (counter, count) in [
            (&self.placed, placed),
            (&self.repeated, repeated),
            (&self.refused, refused),
        ] {
            counter.increment(count);
        }
    }
}

/// Metrics of carts that were checked out; they count with the requests.
#[derive(Clone)]
pub(crate) struct CheckoutMetrics {
    placed: Counter,
    refused: Counter,
}

impl CheckoutMetrics {
    pub(crate) fn new() -> Self {
        Self {
            placed: counter!("orders_placed_total"),
            refused: counter!("orders_refused_total"),
        }
    }

    pub(crate) fn decided(&self, orders: &[Order]) {
        for order in orders {
            let counter = match order.status {
                OrderStatus::Rejected => &self.refused,
                _ => &self.placed,
            };
            counter.increment(1);
        }
    }
}

/// Metrics of settled orders.
#[derive(Clone)]
pub(crate) struct SettlingMetrics {
    accepted: Counter,
    rejected: Counter,
    times: Histogram,
}

impl SettlingMetrics {
    pub(crate) fn new() -> Self {
        describe_counter!(
            "orders_settled_total",
            Unit::Count,
            "Orders settled, by the status that they got"
        );
        describe_histogram!(
            "orders_settle_duration_seconds",
            Unit::Seconds,
            "Time from the request for an order to its settlement"
        );
        let of = |status: OrderStatus| counter!("orders_settled_total", "status" => status.name());
        Self {
            accepted: of(OrderStatus::Accepted),
            rejected: of(OrderStatus::Rejected),
            times: histogram!("orders_settle_duration_seconds"),
        }
    }

    /// `order` was settled as `status` at `now`.
    pub(crate) fn settled(&self, order: OrderId, status: OrderStatus, now: Timestamp) {
        match status {
            OrderStatus::Accepted => self.accepted.increment(1),
            OrderStatus::Rejected => self.rejected.increment(1),
            // Later steps are other services' to measure.
            _ => return,
        }
        if let Some(seconds) = since_drawn(order, now) {
            self.times.record(seconds);
        }
    }
}

/// Metrics of cancelled orders.
pub struct CancellationMetrics {
    by_customer: Counter,
    by_shop: Counter,
}

impl CancellationMetrics {
    pub(crate) fn new() -> Self {
        describe_counter!(
            "orders_cancelled_total",
            Unit::Count,
            "Orders that a person had cancelled, by who"
        );
        let by = |who: &'static str| counter!("orders_cancelled_total", "by" => who);
        Self {
            by_customer: by("customer"),
            by_shop: by("shop"),
        }
    }

    /// `order` took a step by the word of the account `by`.
    pub(crate) fn cancelled(&self, order: &Order, by: Uuid) {
        let own = order.customer.as_bytes() == by.as_bytes();
        let counter = if own {
            &self.by_customer
        } else {
            &self.by_shop
        };
        counter.increment(1);
        tracing::info!(
            target: "order", order_id = %order.id, %by, status = order.status.name(), "cancelled"
        );
    }
}

/// Seconds since the order's id was drawn, which is when it was asked for.
fn since_drawn(order: OrderId, now: Timestamp) -> Option<f64> {
    let drawn = Uuid::from_bytes(order.into_bytes()).get_timestamp()?;
    let (seconds, nanoseconds) = drawn.to_unix();
    let nanoseconds = i32::try_from(nanoseconds).ok()?;
    let drawn = Timestamp::new(i64::try_from(seconds).ok()?, nanoseconds).ok()?;
    Some(now.duration_since(drawn).as_secs_f64().max(0.0))
}

/// Describes the metrics of waiting orders.
pub(crate) fn describe_waiting() {
    describe_gauge!("orders_pending", Unit::Count, "Orders that are PENDING");
    describe_gauge!(
        "orders_oldest_pending_seconds",
        Unit::Seconds,
        "For how long the oldest PENDING order has been"
    );
    describe_counter!(
        "order_changes_interrupted_total",
        Unit::Count,
        "Times that live updates were cut off and opened again"
    );
    counter!("order_changes_interrupted_total").increment(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_as_old_as_its_id() {
        let now = Timestamp::from_millisecond(1_700_000_002_500).unwrap();
        let drawn = uuid::Timestamp::from_unix_time(1_700_000_000, 0, 0, 0);
        let order = |id: Uuid| OrderId::from_bytes(id.into_bytes());
        assert_eq!(since_drawn(order(Uuid::new_v7(drawn)), now), Some(2.5));
        let before = Timestamp::from_millisecond(1_600_000_000_000).unwrap();
        assert_eq!(since_drawn(order(Uuid::new_v7(drawn)), before), Some(0.0));
        assert_eq!(since_drawn(order(Uuid::nil()), now), None);
    }
}
