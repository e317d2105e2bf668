//! The rules of the design that negative controls break.

/// A rule that a negative control breaks.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// What the rule says.
    pub(super) says: &'static str,
    /// How the model is told to do without it; nothing, when it does not have the rule.
    pub(super) model: &'static [&'static str],
}

impl Rule {
    /// The module of its controls in the tests on real servers.
    pub(super) fn module(&self) -> String {
        format!("controls::{}", self.name.replace('-', "_"))
    }
}

/// All of them, as crates/controls/src/rule.rs has them.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "checkpoint",
        says: "the checkpoint moves in the transaction that applies the records",
        model: &["--remove-guard", "checkpoint"],
    },
    Rule {
        name: "checkpoint-fence",
        says: "a checkpoint moves only from where its owner believes it to be, in its own epoch",
        model: &["--remove-guard", "checkpoint-fence"],
    },
    Rule {
        name: "reservation-key",
        says: "a decision is looked for under the order's id before one is made",
        model: &["--remove-guard", "reservation-key"],
    },
    Rule {
        name: "decision-id",
        says: "a decision published again keeps its event id",
        model: &["--remove-guard", "decision-id"],
    },
    Rule {
        name: "release-key",
        says: "what an order was given is given back once",
        model: &["--remove-guard", "release-key", "--cancels", "0"],
    },
    Rule {
        name: "quantity-guard",
        says: "stock is taken only from the version that was read, and if there is enough",
        model: &["--remove-guard", "quantity-guard", "--no-isolation"],
    },
    Rule {
        name: "terminal-status",
        says: "no step leads away from a terminal status",
        model: &["--remove-guard", "terminal-status"],
    },
    Rule {
        name: "version-guard",
        says: "a copy takes only a newer state",
        model: &["--remove-guard", "version-guard"],
    },
    Rule {
        name: "unpaged-outbox",
        says: "the relay reads what is not deleted, not what lies behind a position",
        model: &["--remove-guard", "unpaged-outbox"],
    },
    Rule {
        name: "delete-after-ack",
        says: "a record is deleted when the broker has confirmed it",
        model: &["--remove-guard", "delete-after-ack"],
    },
    Rule {
        name: "outbox-in-transaction",
        says: "the outbox record is written in the transaction that it tells of",
        model: &["--remove-guard", "outbox-in-transaction"],
    },
    Rule {
        name: "key-order",
        says: "messages of a key are published in the order of their versions",
        model: &["--remove-guard", "key-order"],
    },
    Rule {
        name: "dead-letter-key",
        says: "messages behind a dead letter of their key wait",
        model: &[],
    },
    Rule {
        name: "idempotency-key",
        says: "a repeated request finds the order that it made",
        model: &["--remove-guard", "idempotency-key"],
    },
    Rule {
        name: "lease",
        says: "of several relays the one with the lease publishes",
        model: &[],
    },
    Rule {
        name: "restock-key",
        says: "a restock is applied once",
        model: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// xtask must not import what needs a C compiler, so the names are read.
    #[test]
    fn every_rule_of_the_controls_is_here() {
        let workspace = crate::workspace::Workspace::find().unwrap();
        let path = workspace.root().join("crates/controls/src/rule.rs");
        let source = std::fs::read_to_string(path).unwrap();
        let named = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""))
            .filter_map(|(_, name)| name.strip_suffix("\","));
        let ours: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(named.collect::<Vec<_>>(), ours);
    }
}
