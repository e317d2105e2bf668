//! Negative controls: without any one guard the simulation has to notice.

use std::process::{Command, Output};

use outbox::Guard;

/// Enough seeds to catch whatever is caught at all.
const SEEDS: &str = "1500";

fn simulate(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simulate"))
        .args(words)
        .env_remove("QUADRILLE_REMOVE_GUARD")
        .output()
        .expect("it starts")
}

#[test]
fn each_guard_is_missed_by_some_seed() {
    let mut missed = Vec::new();
    for guard in Guard::ALL {
        let found = simulate(&["--remove-guard", guard.name(), "--seeds", SEEDS]);
        let said = String::from_utf8_lossy(&found.stdout);
        print!("{said}");
        let caught = said.starts_with(&format!("without {guard}: caught by seed "));
        if !(found.status.success() && caught) {
            missed.push(guard.name());
        }
    }
    assert!(
        missed.is_empty(),
        "nothing saw that these were removed: {missed:?}"
    );
}

#[test]
fn with_all_guards_standing_the_same_seeds_are_clean() {
    let found = simulate(&["--seeds", "120"]);
    let said = String::from_utf8_lossy(&found.stdout);
    assert!(found.status.success(), "{said}");
    assert!(said.contains("0 violations in 0 seeds"), "{said}");
}
