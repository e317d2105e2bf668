//! Ten thousand seeds, in parts that a test runner can spread over its processors.

use simulation::{Fault, run_all};

/// How many seeds a part has.
const PART: u64 = 1_250;

fn part(number: u64) {
    let seeds = number * PART..(number + 1) * PART;
    let summary = run_all(seeds.clone(), 1, None, |_| ()).expect("it runs");
    println!("seeds {seeds:?}: {summary}");
    assert_eq!(summary.seeds, PART);
    for (seed, violations) in &summary.failed {
        println!(
            "cargo run -p simulation --bin simulate -- --seed {seed} --trace\n{violations:#?}"
        );
    }
    assert!(summary.failed.is_empty(), "the seeds above show violations");
    // A run in which some kind of fault never came would show less than it claims.
    let kinds = [
        Fault::Error,
        Fault::Conflict,
        Fault::LostReply,
        Fault::Stall,
        Fault::Crash,
        Fault::Kill,
        Fault::Restart,
        Fault::Rebalance,
        Fault::Expel,
        Fault::Replay,
        Fault::Copy,
        Fault::Late,
        Fault::Stale,
        Fault::Garbage,
    ];
    for kind in kinds {
        let times = summary.faults.get(&kind).copied().unwrap_or_default();
        assert!(times > 100, "{kind}: {times}");
    }
    assert!(summary.accepted > PART && summary.orders > summary.accepted);
    assert!(summary.released > PART, "{} given back", summary.released);
}

macro_rules! parts {
    ($($name:ident $number:literal;)*) => {$(
        #[test]
        fn $name() {
            part($number);
        }
    )*};
}

parts! {
    ten_thousand_seeds_part_1 0;
    ten_thousand_seeds_part_2 1;
    ten_thousand_seeds_part_3 2;
    ten_thousand_seeds_part_4 3;
    ten_thousand_seeds_part_5 4;
    ten_thousand_seeds_part_6 5;
    ten_thousand_seeds_part_7 6;
    ten_thousand_seeds_part_8 7;
}
