//! `quadrille serve ROLE`: one service in this process.

use std::time::Duration;

use service::lifecycle::Lifecycle;

use crate::choreography;
use crate::role::Role;

/// How long a service may take to finish what it has begun. Below what orchestrators give
/// by default (30 s).
pub(crate) const GRACE: Duration = Duration::from_secs(20);

/// Runs the service until it is told to stop.
///
/// # Errors
/// When it can't start, or one of its tasks fails.
pub(crate) async fn run(role: Role) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new(GRACE);
    lifecycle.on_signals()?;
    service::http::serve_metrics(role.http(), &lifecycle).await?;
    match role {
        Role::Gateway(settings) => {
            let shop = gateway::Shop {
                services: quadrille::upstreams(),
                choreography: choreography::for_the_gateway(),
                ..gateway::Shop::default()
            };
            gateway::start(*settings, shop, &lifecycle, None).await?;
        }
        Role::Service(service, common, own) => {
            service.start(*common, &own, &lifecycle).await?;
        }
    }
    Ok(lifecycle.join().await?)
}
