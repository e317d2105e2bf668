use anyhow::Context;

use super::args::BenchArgs;
use super::report::Report;
use super::shop::{Batching, Servers, Shop};
use super::{history, meter, run};

/// A run in a shop that is started for it and audited after it.
pub(super) async fn in_own_shop(
    args: &BenchArgs,
    servers: &Servers,
    name: &str,
    batching: Batching,
) -> anyhow::Result<Report> {
    history::write(servers, name, args.stored, args.stored_products).await?;
    let shop = match usize::try_from(args.instances)? {
        1 => Shop::start(servers, name, batching).await?,
        instances => Shop::spread(servers, name, instances).await?,
    };
    let mut parts = shop.parts();
    parts.extend(servers.parts());
    parts.push(meter::Part::load_generator());
    let report = run::measure(args, &shop.url, parts).await;
    let audited = match report {
        Ok(mut report) => {
            // What was stored before has no messages to compare with.
            let databases_only = args.stored > 0 || args.stored_products > 0;
            report.violations = Some(run::audit(servers, &shop, databases_only).await?);
            Ok(report)
        }
        Err(error) => Err(error).context("the run broke off"),
    };
    shop.stop().await?;
    audited
}
