//! What the service counts of its own business.

use metrics::{Unit, counter, describe_counter};

use crate::commands::Changed;

/// Describes the metrics, and has them there with 0.
pub(crate) fn describe() {
    describe_counter!("carts_changed_total", Unit::Count, "Changes of carts");
    describe_counter!(
        "carts_merged_total",
        Unit::Count,
        "Visitors' carts merged into an account's"
    );
    counter!("carts_changed_total").increment(0);
    counter!("carts_merged_total").increment(0);
}

/// Counts what became of a cart.
pub(crate) fn changed(made: &Changed) {
    counter!("carts_changed_total").increment(made.changed.into());
    counter!("carts_merged_total").increment(made.merged.into());
}
