//! What the service counts of its own business.

use metrics::{Unit, counter, describe_counter};

use crate::commands::Changed;
use crate::domain::CheckoutStatus;

/// Describes the metrics, and has them there with 0.
pub(crate) fn describe() {
    describe_counter!("carts_changed_total", Unit::Count, "Changes of carts");
    describe_counter!(
        "carts_merged_total",
        Unit::Count,
        "Visitors' carts merged into an account's"
    );
    describe_counter!(
        "carts_checkouts_closed_total",
        Unit::Count,
        "Checkouts whose order was placed or rejected"
    );
    for status in [CheckoutStatus::Placed, CheckoutStatus::Rejected] {
        checkouts_closed(status, 0);
    }
    counter!("carts_changed_total").increment(0);
    counter!("carts_merged_total").increment(0);
}

/// Counts what became of a cart.
pub(crate) fn changed(made: &Changed) {
    counter!("carts_changed_total").increment(made.changed.into());
    counter!("carts_merged_total").increment(made.merged.into());
}

/// Counts checkouts that were closed.
pub(crate) fn checkouts_closed(status: CheckoutStatus, count: u64) {
    counter!("carts_checkouts_closed_total", "status" => status.name()).increment(count);
}
