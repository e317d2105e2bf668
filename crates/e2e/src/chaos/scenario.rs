//! Load, faults, and the recovery from each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::customer::Customer;
use super::fault::{Fault, FaultSequence, Kind};
use super::inject::inject;
use super::products::{restock, stock_up};
use super::report::Report;
use super::run::{Options, Run};
use super::verdict;

/// The most faults that last, or are recovered from, at the same time.
pub const AT_ONCE: usize = 3;
/// A shop that has not settled an order this long after a fault ended will not.
const RECOVERED_WITHIN: Duration = Duration::from_secs(180);
/// The last orders of the customers have to be acknowledged within this time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);
const PROGRESS: Duration = Duration::from_secs(15);

/// Load and faults for the run's time, then rest and verdict. When it is dropped, so is all that
/// it has begun.
pub(super) async fn run_faults(
    run: &Arc<Run>,
    options: &Options,
    report: &mut Report,
) -> anyhow::Result<()> {
    let products = stock_up(&run.client(), &run.expectations).await?;
    let closing = CancellationToken::new();
    let mut load = JoinSet::new();
    for number in 0..options.customers {
        let (client, expectations) = (run.client(), Arc::clone(&run.expectations));
        let (seed, closing) = (options.seed ^ (number << 32), closing.clone());
        load.spawn(async move {
            let keys = format!("c{number}");
            let customer = Customer::new(&client, expectations, keys).await;
            customer.shop(seed, closing).await;
            Ok(())
        });
    }
    let expectations = Arc::clone(&run.expectations);
    let restocking = restock(
        run.client(),
        expectations,
        products,
        options.seed,
        closing.clone(),
    );
    load.spawn(restocking);
    let mut watching = JoinSet::new();
    watching.spawn(watch(Arc::clone(run)));
    let began = Instant::now();
    let mut telling = JoinSet::new();
    telling.spawn(tell(Arc::clone(run), began, options.lasts));
    faults(run, began + options.lasts).await;
    drop(telling);
    report.seconds = began.elapsed().as_secs_f64();
    eprintln!("no more faults; the last orders are being settled");
    closing.cancel();
    let answered = async { while load.join_next().await.is_some() {} };
    if tokio::time::timeout(ANSWERED_WITHIN, answered)
        .await
        .is_err()
    {
        let text = format!("{} customers wait for an answer", load.len());
        run.expectations.violation(text);
    }
    let outcome = verdict::verdict(&run.system, &run.expectations).await?;
    report.accepted = outcome.accepted;
    report.paid = outcome.paid;
    report.rejected = outcome.rejected;
    report.cancelled = outcome.cancelled;
    report.replayed = outcome.replayed;
    Ok(())
}

/// Deals faults until `end` and waits until the last is over.
async fn faults(run: &Arc<Run>, end: Instant) {
    let mut faults = FaultSequence::new(run.seed);
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    while Instant::now() < end {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let fault = faults.next();
        let gap = fault.gap;
        let run = Arc::clone(run);
        under_way.spawn(async move {
            one(&run, fault).await;
            drop(place);
        });
        tokio::time::sleep(gap.min(end.saturating_duration_since(Instant::now()))).await;
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

/// One fault, and the recovery from it.
async fn one(run: &Run, fault: Fault) {
    {
        let mut fault_log = run.fault_log();
        fault_log.at_once += 1;
        fault_log.most_at_once = fault_log.most_at_once.max(fault_log.at_once);
    }
    let outcome = inject(&run.system, &fault).await;
    let name = fault.kind.name();
    match outcome {
        Ok(Some(done)) => {
            *run.fault_log().made.entry(fault.kind).or_default() += 1;
            let recovered = tokio::time::timeout(RECOVERED_WITHIN, probe(run, fault.number)).await;
            let after = done.healed.elapsed();
            let seconds = after.as_secs_f64();
            if recovered.is_ok() {
                run.fault_log().recovered(fault.kind, after);
                println!("{:>5} {name}: {}; {seconds:.1} s", fault.number, done.what);
            } else {
                let text = format!("{name} ({}): no order settled in {seconds:.0} s", done.what);
                run.expectations.violation(text);
            }
        }
        Ok(None) => run.fault_log().not_made += 1,
        // These go through Kafka and MongoDB themselves, which may be what is broken.
        Err(error) if matches!(fault.kind, Kind::Replay | Kind::PublishTwice) => {
            println!("{:>5} {name}: not made: {error:#}", fault.number);
            run.fault_log().not_made += 1;
        }
        Err(error) => run.expectations.violation(format!("{name}: {error:#}")),
    }
    run.fault_log().at_once -= 1;
}

/// Comes back when an order that is placed now is settled.
async fn probe(run: &Run, number: u64) {
    let keys = format!("p{number}");
    let mut customer = Customer::new(&run.client(), Arc::clone(&run.expectations), keys).await;
    customer.settle_one().await;
}

/// Notes and restarts whatever ends though nobody has ended it.
async fn watch(run: Arc<Run>) {
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        for site in &run.system.sites {
            if let Some(status) = site.part.ended_by_itself() {
                let name = site.part.name();
                run.expectations
                    .violation(format!("{name} ended by itself: {status}"));
                if !site.spare
                    && let Err(error) = site.part.start()
                {
                    run.expectations.violation(format!("{name}: {error:#}"));
                }
            }
        }
        for host in [&run.system.kafka, &run.system.mongod] {
            if let (None, Some(_hold)) = (host.server.pid(), host.hold()) {
                let name = host.server.name();
                run.expectations
                    .violation(format!("{name} ended by itself"));
                // If it does not come up, recovery will say so.
                let _ = host.server.start().await;
            }
        }
    }
}

async fn tell(run: Arc<Run>, began: Instant, lasts: Duration) {
    loop {
        tokio::time::sleep(PROGRESS).await;
        let (faults, at_once) = {
            let fault_log = run.fault_log();
            (fault_log.total(), fault_log.at_once)
        };
        eprintln!(
            "{:>5} of {} s: {faults} faults, {at_once} under way, {} orders acknowledged, \
             {} requests made again, {} violations",
            began.elapsed().as_secs(),
            lasts.as_secs(),
            run.expectations.acknowledged(),
            run.expectations.retries().0,
            run.expectations.violations().0,
        );
    }
}
