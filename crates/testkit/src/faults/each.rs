//! Every command, every fault.

use std::time::{Duration, Instant};

use super::fault::{Fault, Trouble};
use super::proxy::{MongoProxy, When};
use super::report::FaultCounts;

/// How long one run may take: all the patience there is in a unit of work, and a slow machine.
const LONGEST: Duration = Duration::from_secs(30);

/// A share of the cases. Most of a case is waiting for a driver to find its server again, so that
/// several shares, each with a database of its own, are done at a time.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    number: usize,
    of: usize,
}

impl Share {
    fn has(self, case: usize) -> bool {
        case % self.of == self.number
    }
}

/// Does the cases in `of` shares side by side, prints the figures and adds them to the report.
///
/// # Panics
/// When a share does.
pub async fn in_shares<F: Future<Output = FaultCounts>>(of: usize, share: impl Fn(Share) -> F) {
    let shares = (0..of).map(|number| share(Share { number, of }));
    let tallies = futures::future::join_all(shares).await;
    if let Some(whole) = tallies.into_iter().reduce(FaultCounts::and) {
        whole.report();
    }
}

/// Runs `unit` once, to see its commands; then once for each of them and each fault that it may
/// have. `run` is told what is going to happen, does the work anew, and asserts that it was done
/// exactly once. Commands from [`MongoProxy::rest`] on are not the unit's.
///
/// # Panics
/// When the unit has no command, a fault was not met, or a run does not end.
pub async fn each_command(
    proxy: &MongoProxy,
    share: Share,
    unit: &str,
    mut run: impl AsyncFnMut(&str),
) -> FaultCounts {
    proxy.record();
    run(&format!("{unit}, without a fault")).await;
    proxy.rest();
    let commands = proxy.commands();
    assert!(!commands.is_empty(), "{unit} has no command");
    let mut fault_counts = FaultCounts::new(unit, &commands);
    let all = commands.iter().enumerate();
    let all = all.flat_map(|(number, command)| {
        let troubles = Fault::of(command).into_iter();
        troubles.map(move |trouble| (number, command, trouble))
    });
    for (case, (number, command, trouble)) in all.enumerate() {
        if share.has(case) {
            let what = format!("{unit}: {trouble} at command {number} ({command})");
            one(proxy, When::Nth(number), trouble, &what, &mut run).await;
            fault_counts.count(command);
        }
    }
    fault_counts
}

/// Runs `unit` once for each of `cases`: for work whose commands have no fixed order.
///
/// # Panics
/// When a fault was not met, or a run does not end.
pub async fn each_fault(
    proxy: &MongoProxy,
    share: Share,
    unit: &str,
    cases: impl IntoIterator<Item = (When, Trouble)>,
    mut run: impl AsyncFnMut(&str),
) -> FaultCounts {
    let mut fault_counts = FaultCounts::new(unit, &[]);
    for (case, (when, trouble)) in cases.into_iter().enumerate() {
        if share.has(case) {
            let what = format!("{unit}: {trouble} at {when}");
            one(proxy, when, trouble, &what, &mut run).await;
            fault_counts.count(&when.to_string());
        }
    }
    fault_counts
}

async fn one(
    proxy: &MongoProxy,
    when: When,
    trouble: Trouble,
    what: &str,
    run: &mut impl AsyncFnMut(&str),
) {
    let began = Instant::now();
    proxy.arm(when, trouble);
    let ended = tokio::time::timeout(LONGEST, run(what)).await;
    assert!(ended.is_ok(), "{what}: it has not ended after {LONGEST:?}");
    proxy.rest();
    assert!(
        proxy.met() > 0,
        "{what}: not met; seen: {:?}",
        proxy.commands()
    );
    if std::env::var_os("QUADRILLE_FAULT_TIMES").is_some() {
        eprintln!("{:>6} ms  {what}", began.elapsed().as_millis());
    }
}
