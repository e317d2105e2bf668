//! Negative controls: where any one rule is broken, its check has to notice.

use controls::Rule;
use simulation::{Control, run_all};

/// Enough seeds to catch whatever is caught at all.
const SEEDS: u64 = 1_500;

#[test]
fn each_broken_rule_is_noticed_by_its_check_in_some_seed() {
    let mut missed = Vec::new();
    for control in Rule::ALL.map(Control::of) {
        let summary = run_all(0..SEEDS, 2, Some(control), |_| ()).expect("it runs");
        let caught = summary.found_by(control.check);
        println!(
            "without {}, after {} seeds: {caught:?}",
            control.rule, summary.seeds
        );
        if caught.is_none() {
            missed.push(control);
        }
    }
    assert!(
        missed.is_empty(),
        "nothing saw that these were broken: {missed:?}"
    );
}

#[test]
fn where_no_rule_is_broken_the_same_seeds_are_clean() {
    let summary = run_all(0..120, 2, None, |_| ()).expect("it runs");
    assert_eq!(summary.seeds, 120);
    assert!(summary.failed.is_empty(), "{:?}", summary.failed);
}
