//! The guards of the design, and the tests on real servers that see one go.

/// Names the guard that a process does without; debug builds alone read it.
pub(super) const VARIABLE: &str = "QUADRILLE_REMOVE_GUARD";

/// A rule that a negative control takes away.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) name: &'static str,
    /// What the rule says.
    pub(super) rule: &'static str,
    /// How the model is told to do without it; nothing, when it does not have the rule.
    pub(super) model: &'static [&'static str],
    /// Tests on real servers that have to fail without it, each as package and the end of its name.
    pub(super) tests: &'static [(&'static str, &'static str)],
}

/// All of them, as crates/outbox/src/guard.rs has them.
pub(super) const GUARDS: &[Guard] = &[
    Guard {
        name: "checkpoint",
        rule: "the checkpoint moves in the transaction that applies the records",
        model: &["--remove-guard", "checkpoint"],
        tests: &[
            (
                "outbox",
                "on_mongo_and_kafka::a_passing_fault_leaves_nothing_half_done",
            ),
            (
                "outbox",
                "a_batch_is_applied_once_whatever_command_of_it_fails",
            ),
        ],
    },
    Guard {
        name: "checkpoint-fence",
        rule: "a checkpoint moves only from where its owner believes it to be, in its own epoch",
        model: &["--remove-guard", "checkpoint-fence"],
        tests: &[
            (
                "outbox",
                "on_mongo_and_kafka::an_older_claim_changes_nothing",
            ),
            (
                "outbox",
                "on_mongo_and_kafka::two_consumers_of_the_same_partitions_apply_each_record_once",
            ),
        ],
    },
    Guard {
        name: "reservation-key",
        rule: "a decision is looked for under the order's id before one is made",
        model: &["--remove-guard", "reservation-key"],
        tests: &[
            ("products", "an_order_seen_again_is_not_decided_again"),
            ("products", "a_reservation_can_be_made_once_only"),
            (
                "products",
                "the_same_order_at_two_instances_is_one_decision",
            ),
        ],
    },
    Guard {
        name: "decision-id",
        rule: "a decision said again keeps its event id",
        model: &["--remove-guard", "decision-id"],
        tests: &[
            ("products", "an_order_seen_again_is_not_decided_again"),
            ("products", "orders_are_decided_once_whatever_command_fails"),
        ],
    },
    Guard {
        name: "quantity-guard",
        rule: "stock is taken only from the version that was read, and if there is enough",
        model: &["--remove-guard", "quantity-guard", "--no-isolation"],
        tests: &[(
            "products",
            "a_stale_version_or_too_little_stock_matches_nothing",
        )],
    },
    Guard {
        name: "terminal-status",
        rule: "no step leads away from a terminal status",
        model: &["--remove-guard", "terminal-status"],
        tests: &[
            ("orders", "the_first_decision_holds"),
            (
                "orders",
                "an_accepted_and_a_rejected_order_are_settled_once",
            ),
        ],
    },
    Guard {
        name: "version-guard",
        rule: "a copy takes only a newer state",
        model: &["--remove-guard", "version-guard"],
        tests: &[
            ("orders", "a_late_event_never_moves_a_copy_backwards"),
            (
                "orders",
                "of_two_instances_that_copy_a_product_at_once_the_newer_version_stays",
            ),
        ],
    },
    Guard {
        name: "unpaged-outbox",
        rule: "the relay reads what is not deleted, not what lies behind a position",
        model: &["--remove-guard", "unpaged-outbox"],
        tests: &[
            (
                "outbox",
                "a_transaction_that_stays_open_while_others_are_published_is_not_lost",
            ),
            (
                "outbox",
                "on_mongo_and_kafka::a_record_that_appears_behind_published_ones_is_not_lost",
            ),
        ],
    },
    Guard {
        name: "delete-after-ack",
        rule: "a record is deleted when the broker has confirmed it",
        model: &["--remove-guard", "delete-after-ack"],
        tests: &[
            (
                "outbox",
                "on_mongo_and_kafka::a_failing_broker_loses_and_reorders_nothing",
            ),
            (
                "outbox",
                "what_was_said_is_published_in_order_and_deleted_whatever_command_fails",
            ),
        ],
    },
    Guard {
        name: "outbox-in-transaction",
        rule: "the outbox record is written in the transaction that it tells of",
        model: &["--remove-guard", "outbox-in-transaction"],
        tests: &[(
            "outbox",
            "a_batch_is_applied_once_whatever_command_of_it_fails",
        )],
    },
    Guard {
        name: "key-order",
        rule: "messages of a key keep their order, also behind one that failed or is parked",
        model: &["--remove-guard", "key-order"],
        tests: &[(
            "outbox",
            "on_mongo_and_kafka::unreadable_messages_are_parked_and_their_keys_wait",
        )],
    },
    Guard {
        name: "idempotency-key",
        rule: "a repeated request finds the order that it made",
        model: &["--remove-guard", "idempotency-key"],
        tests: &[
            ("orders", "the_same_key_and_body_get_the_first_answer_again"),
            ("orders", "fifty_at_once_over_two_instances_are_one_order"),
            (
                "orders",
                "a_post_repeated_after_lost_commits_is_one_order_settled_once",
            ),
        ],
    },
    Guard {
        name: "lease",
        rule: "of several relays the one with the lease publishes",
        model: &[],
        tests: &[(
            "outbox",
            "on_mongo_and_kafka::a_second_relay_takes_over_when_the_first_stops",
        )],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// xtask must not import what needs a C compiler, so the names are read.
    #[test]
    fn every_guard_of_the_code_is_here() {
        let workspace = crate::workspace::Workspace::find().unwrap();
        let path = workspace.root().join("crates/outbox/src/guard.rs");
        let source = std::fs::read_to_string(path).unwrap();
        let named = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""))
            .filter_map(|(_, name)| name.strip_suffix("\","));
        let ours: Vec<&str> = GUARDS.iter().map(|guard| guard.name).collect();
        assert_eq!(named.collect::<Vec<_>>(), ours);
    }
}
