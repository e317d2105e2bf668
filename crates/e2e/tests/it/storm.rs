//! Two minutes of chaos; `cargo run -p e2e --bin chaos` does the same for longer.

use std::time::Duration;

use e2e::chaos::{self, Kind, Options};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn two_minutes_of_chaos_leave_every_order_right() {
    let options = Options {
        lasts: Duration::from_secs(120),
        seed: u64::from(rand::random::<u32>()),
        customers: 8,
        keep: None,
        program: None,
    };
    let report = chaos::run(&options, CancellationToken::new())
        .await
        .unwrap();
    println!("{report}");
    assert!(report.clean(), "seed {}: {:#?}", report.seed, report.named);
    // The first faults are one of each kind; one of them may have found its target broken.
    let kinds = Kind::ALL.iter().filter(|kind| report.count(**kind) > 0);
    assert!(kinds.count() >= Kind::ALL.len() - 2, "{report}");
    assert!(report.count(Kind::KillService) >= 1, "{report}");
    assert!(report.acknowledged > 500, "{report}");
    let settled = report.accepted + report.paid + report.rejected + report.cancelled;
    assert_eq!(settled, report.acknowledged as u64, "{report}");
    assert!(report.accepted > 0 && report.rejected > 0, "{report}");
    assert!(report.paid > 0 && report.cancelled > 0, "{report}");
}
