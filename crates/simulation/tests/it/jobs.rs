//! Jobs and timers: many seeds are clean, and each promise that is taken away is missed.

use std::collections::BTreeSet;

use simulation::jobs::{Control, run};

const SEEDS: u64 = 600;

#[test]
fn timers_and_mails_come_through_crashes_jumps_of_the_clock_and_two_instances() {
    let (mut closed, mut orders, mut mails) = (0, 0, 0);
    let (mut crashes, mut jumps, mut repeated, mut steady) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let run = run(seed, None).expect("it runs");
        assert_eq!(run.violations, [], "seed {seed}");
        closed += run.closed;
        orders += run.orders;
        mails += run.mails;
        crashes += run.crashes;
        jumps += run.jumps;
        repeated += run.repeated;
        steady += u64::from(run.jumps == 0);
    }
    println!(
        "{SEEDS} seeds: {orders} orders, {closed} closed, {mails} mails, {repeated} attempts \
         again; {crashes} crashes, {jumps} jumps, {steady} seeds without any"
    );
    assert!(closed > orders / 2 && closed < orders, "some are paid");
    assert!(mails > orders, "a crash has some sent again");
    assert!(u64::from(crashes.min(jumps).min(repeated)) > SEEDS);
    assert!(steady > SEEDS / 10);
}

#[test]
fn each_promise_that_is_taken_away_is_missed_by_its_check() {
    for control in Control::ALL {
        let caught = (0..200).find(|seed| {
            let run = run(*seed, Some(control)).expect("it runs");
            let checks: BTreeSet<_> = run.violations.iter().map(|(check, _)| *check).collect();
            checks.contains(&control.caught_by())
        });
        println!("{control:?}: caught by seed {caught:?}");
        assert!(caught.is_some(), "nothing saw {control:?}");
    }
}

#[test]
fn a_seed_of_jobs_gives_the_same_run_each_time() {
    for seed in 0..10 {
        let first = run(seed, None).expect("it runs");
        let again = std::thread::spawn(move || run(seed, None)).join();
        let again = again.expect("it does not panic").expect("it runs");
        assert_eq!(first, again, "seed {seed}");
    }
}
