//! A seed is the whole of a run.

use std::collections::BTreeSet;

use simulation::run;

#[test]
fn a_seed_gives_the_same_run_each_time() {
    let mut traces = BTreeSet::new();
    for seed in 0..12 {
        let first = run(seed, None, true).expect("it runs");
        // On another thread, so that nothing of a thread's own may matter.
        let again = std::thread::spawn(move || run(seed, None, true))
            .join()
            .expect("it does not panic")
            .expect("it runs");
        assert_eq!(first.story, again.story, "seed {seed}");
        assert_eq!(first.trace, again.trace, "seed {seed}");
        assert_eq!(first.faults, again.faults, "seed {seed}");
        assert_eq!(first.simulated, again.simulated, "seed {seed}");
        traces.insert(first.trace);
    }
    assert_eq!(traces.len(), 12, "different seeds are different runs");
}

#[test]
fn telling_the_story_changes_nothing() {
    for seed in 0..4 {
        let told = run(seed, None, true).expect("it runs");
        let silent = run(seed, None, false).expect("it runs");
        assert_eq!(told.trace, silent.trace, "seed {seed}");
        assert!(silent.story.is_empty() && !told.story.is_empty());
    }
}
