//! Negative controls on MongoDB: where an adapter breaks a rule, the test that guards it has to fail
//! by the assertion that is named here. A time-out or another panic does not count.
//!
//! `cargo xtask negative-controls` runs them, by the modules, which are named after the rules.

use controls::{Broken, Rule};
use outbox::mongo::MongoDatabase;
use testkit::faults::in_shares;

use crate::faults::SHARES;
use crate::faults::commands::restocks;
use crate::faults::deciding::decisions;
use crate::interfered::{decided_at_two_instances, reserved_once_only, takes_what_fits_only};
use crate::on_order_create::seen_again;
use crate::on_order_update::gives_back_once;

fn breaking(rule: Rule) -> impl Fn(MongoDatabase) -> Broken<MongoDatabase> + Copy {
    move |db| Broken::new(db, rule)
}

mod reservation_key {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "the second time says something else")]
    async fn an_order_seen_again_is_not_decided_again() {
        seen_again(breaking(Rule::ReservationKey)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "a second one is refused")]
    async fn a_reservation_can_be_made_once_only() {
        reserved_once_only(breaking(Rule::ReservationKey)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "an order has two decisions")]
    async fn the_same_order_at_two_instances_is_one_decision() {
        decided_at_two_instances(breaking(Rule::ReservationKey)).await;
    }
}

mod decision_id {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "the second time says something else")]
    async fn an_order_seen_again_is_not_decided_again() {
        seen_again(breaking(Rule::DecisionId)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = ": under its decision's id")]
    async fn orders_are_decided_once_whatever_command_fails() {
        let adapter = breaking(Rule::DecisionId);
        in_shares(SHARES, |share| decisions(share, adapter)).await;
    }
}

mod release_key {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "a release is published once")]
    async fn a_cancelled_order_gives_its_stock_back_once() {
        gives_back_once(breaking(Rule::ReleaseKey)).await;
    }
}

mod quantity_guard {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "refused: Taking")]
    async fn a_stale_version_or_too_little_stock_matches_nothing() {
        takes_what_fits_only(breaking(Rule::QuantityGuard)).await;
    }
}

mod restock_key {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = ": raised once")]
    async fn stock_is_restocked_once_whatever_command_fails() {
        let adapter = breaking(Rule::RestockKey);
        in_shares(SHARES, |share| restocks(share, adapter)).await;
    }
}
