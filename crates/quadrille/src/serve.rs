//! `quadrille serve ROLE`: one service in this process.

use std::time::Duration;

use service::lifecycle::Lifecycle;

use crate::cli::Role;
use crate::{choreography, openapi};

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
            let settings = gateway::Settings {
                choreography: choreography::for_the_gateway(),
                ..settings
            };
            gateway::start(settings, openapi::whole(), &lifecycle, None).await?;
        }
        Role::Auth(settings) => {
            auth::start(settings, &lifecycle).await?;
        }
        Role::Products(settings) => {
            products::start(settings, &lifecycle).await?;
        }
        Role::Orders(settings) => {
            orders::start(settings, &lifecycle).await?;
        }
    }
    Ok(lifecycle.join().await?)
}
