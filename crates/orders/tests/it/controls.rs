//! Negative controls on MongoDB: where an adapter breaks a rule, the test that guards it has to fail
//! by the assertion that is named here. A time-out or another panic does not count.
//!
//! `cargo xtask negative-controls` runs them, by the modules, which are named after the rules.

use controls::{Broken, Rule};
use outbox::mongo::MongoDatabase;

use crate::faults::over_http::repeated;
use crate::handlers::{copied_at_two_instances, first_decision, late_events, settled_once};
use crate::idempotency::{fifty_at_once, same_key};

fn breaking(rule: Rule) -> impl Fn(MongoDatabase) -> Broken<MongoDatabase> {
    move |db| Broken::new(db, rule)
}

mod terminal_status {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "the first one holds")]
    async fn the_first_decision_holds() {
        first_decision(breaking(Rule::TerminalStatus)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "the second time has changed something")]
    async fn an_accepted_and_a_rejected_order_are_settled_once() {
        settled_once(breaking(Rule::TerminalStatus)).await;
    }
}

mod version_guard {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "the second time has changed something")]
    async fn a_late_event_never_moves_a_copy_backwards() {
        late_events(breaking(Rule::VersionGuard)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "an older one is refused")]
    async fn of_two_instances_that_copy_a_product_at_once_the_newer_version_stays() {
        copied_at_two_instances(breaking(Rule::VersionGuard)).await;
    }
}

mod idempotency_key {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "the first answer again")]
    async fn the_same_key_and_body_get_the_first_answer_again() {
        same_key(breaking(Rule::IdempotencyKey)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "one order")]
    async fn fifty_at_once_over_two_instances_are_one_order() {
        fifty_at_once(breaking(Rule::IdempotencyKey)).await;
    }

    /// The whole service has its own adapters: here the key gets lost on the way to it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = ": one order more")]
    async fn a_post_repeated_after_lost_commits_is_one_order_settled_once() {
        repeated("Idempotency-Key-Lost").await;
    }
}
