//! Reservation over shards: nothing is oversold, and the simulation would see it if it were.

use std::process::{Command, Output};

use simulation::sharded::{Cluster, Faults, Level, Rule, Setting, Way, cost, cost_by_span, run};

fn sharded(words: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sharded"))
        .args(words)
        .output()
        .expect("it starts");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (output, said)
}

#[test]
fn in_every_storm_an_order_is_confirmed_on_all_its_shards_or_on_none() {
    let mut faults = Faults::default();
    let (mut orders, mut accepted, mut spread) = (0, 0, 0);
    for seed in 0..4_000 {
        let outcome = run(&Setting::stormy(seed, None), seed);
        assert_eq!(outcome.violations, Vec::<String>::new(), "seed {seed}");
        faults += outcome.faults;
        orders += outcome.orders.len();
        accepted += outcome.accepted();
        let on_several =
            |order: &&simulation::sharded::Settled| order.span > 1 && order.accepted == Some(true);
        spread += outcome.orders.iter().filter(on_several).count();
    }
    // A storm in which one of these never happened would show less than it says.
    let kinds = [
        faults.lost,
        faults.copied,
        faults.late,
        faults.shard_crashes,
        faults.coordinator_crashes,
        faults.lapsed_undecided,
        faults.lapsed_accepted,
        faults.lapsed_decided - faults.lapsed_accepted,
    ];
    assert!(kinds.iter().all(|times| *times > 200), "{faults}");
    assert!(
        accepted > orders / 10 && orders > accepted,
        "{accepted} of {orders}"
    );
    assert!(spread > 5_000, "{spread}");
}

#[test]
fn each_rule_is_missed_by_some_seed() {
    for rule in Rule::ALL {
        let (output, said) = sharded(&["storm", "--seeds", "4000", "--without", rule.name()]);
        print!("{said}");
        assert!(output.status.success(), "{said}");
        assert!(
            said.starts_with(&format!("without {rule}: caught by seed ")),
            "{said}"
        );
    }
}

#[test]
fn without_the_fence_of_expiry_an_accepted_order_loses_its_hold_and_stock_is_oversold() {
    let rule = Some(Rule::FencedExpiry);
    let all = (0..2_000).flat_map(|seed| run(&Setting::stormy(seed, rule), seed).violations);
    let violations: Vec<String> = all.collect();
    let saw = |what: &str| violations.iter().any(|violation| violation.contains(what));
    assert!(saw("does not hold it"));
    assert!(saw("oversold"));
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in 0..40 {
        let setting = Setting::stormy(seed, None);
        assert_eq!(run(&setting, seed), run(&setting, seed), "seed {seed}");
    }
}

#[test]
fn an_order_of_one_shard_costs_one_question_and_others_four_messages_a_shard() {
    for way in [Way::AtOnce, Way::InOrder] {
        let mut before = 0.0;
        for row in cost_by_span(way, 4_000, 1) {
            let messages = if row.span == 1 { 2 } else { 4 * row.span };
            assert_eq!(
                format!("{:.1}", row.messages),
                format!("{messages}.0"),
                "{row}"
            );
            let slower = way == Way::InOrder && row.span > 1;
            assert!(!slower || row.p50 > before + 10.0, "{row}");
            assert!(row.p99 < 35.0 * if slower { 4.0 } else { 1.0 }, "{row}");
            before = row.p50;
        }
    }
}

#[test]
fn where_nothing_is_scarce_the_shards_accept_what_one_engine_accepts() {
    for way in [Way::AtOnce, Way::InOrder] {
        let row = cost(Level::ALL[0], way, 1, 4_000, 7);
        assert_eq!(row.violations, 0, "{row}");
        assert!((row.accepted - row.accepted_by_one).abs() < 1e-9, "{row}");
        assert!(row.refused_though_possible < 1e-9, "{row}");
    }
}

#[test]
fn where_everything_is_fought_over_trying_again_helps() {
    let rush = Level::ALL[4];
    let once = cost(rush, Way::AtOnce, 1, 4_000, 3);
    let again = cost(rush, Way::AtOnce, 4, 4_000, 3);
    assert_eq!(once.violations + again.violations, 0);
    assert!(once.refused_though_possible > 0.0, "{once}");
    assert!(
        again.refused_though_possible < once.refused_though_possible,
        "{again}"
    );
}

#[test]
fn a_cluster_grows_with_its_rate_and_wrong_inputs_are_refused() {
    let (output, said) = sharded(&["cluster", "--batch", "500"]);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("| orders/s at the peak | 1,000 | 50,000 | 1,000,000 |"),
        "{said}"
    );
    let (output, said) = sharded(&["cluster", "--utilisation", "0"]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--utilisation is 0"), "{said}");
    let (output, said) = sharded(&["cluster", "--limit-512", "6000"]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--limit-512 has to be above"), "{said}");
    let (output, said) = sharded(&["storm", "--without", "fence"]);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("fence") && said.contains("fenced-expiry"),
        "{said}"
    );
    assert!(Cluster::table(&[]).starts_with("| orders/s at the peak |"));
}
