//! Starting the gateway.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use service::{http, lifecycle::Lifecycle, lifecycle::TaskFailed};
use tokio::net::TcpListener;

use crate::{InvalidAddress, Settings, Shop, access::InvalidTable, edge, limits::Limits};

/// The port that the gateway listens on unless told otherwise.
pub const ROLE_PORT: u16 = 8080;

/// How often callers who are quiet again are forgotten.
const FORGET: Duration = Duration::from_mins(1);

/// Why the gateway does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address can't be listened on.
    #[error("the gateway can't start: {0}")]
    Listen(#[source] std::io::Error),
    /// The folder of the web UI has no `index.html`.
    #[error(
        "the web UI's folder {0} has no index.html: build the web UI first, or leave out --web-root (QUADRILLE_WEB_ROOT)"
    )]
    WebRoot(std::path::PathBuf),
    /// The API's description can't be written as JSON.
    #[error("the API's description can't be written")]
    Description(#[source] serde_json::Error),
    /// The services' routes do not make a table.
    #[error("the routes of the services don't fit together: {0}")]
    Table(#[from] InvalidTable),
    /// A service's address is wrong or missing.
    #[error(
        "--upstreams or --upstream-metrics (QUADRILLE_UPSTREAMS, QUADRILLE_UPSTREAM_METRICS): {0}"
    )]
    Addresses(#[from] InvalidAddress),
    /// A task of the process failed while it ran.
    #[error(transparent)]
    Task(#[from] TaskFailed),
}

/// A gateway that listens.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// The address that it listens on.
    pub address: SocketAddr,
}

/// Starts the gateway on `lifecycle` and comes back as soon as it listens.
///
/// Without `listener` the settings' address is bound.
///
/// # Errors
///
/// When a setting can't be used, or the services' descriptions don't fit together.
pub async fn start(
    settings: Settings,
    shop: Shop,
    lifecycle: &Lifecycle,
    listener: Option<TcpListener>,
) -> Result<Running, Error> {
    if let Some(root) = &settings.web_root
        && !root.join("index.html").is_file()
    {
        return Err(Error::WebRoot(root.clone()));
    }
    let shutdown = lifecycle.shutdown();
    let limits = Arc::new(Limits::new(&settings));
    let router = edge::router(&settings, shop, Arc::clone(&limits), shutdown.soft())?;
    let listener = match listener {
        Some(listener) => listener,
        None => http::bind(settings.http.listen_or(ROLE_PORT))
            .await
            .map_err(Error::Listen)?,
    };
    let address = listener.local_addr().map_err(Error::Listen)?;
    let soft = shutdown.soft();
    lifecycle.spawn("gateway limits", async move {
        while tokio::time::timeout(FORGET, soft.cancelled())
            .await
            .is_err()
        {
            limits.forget_quiet_callers();
        }
        Ok::<(), std::convert::Infallible>(())
    });
    lifecycle.spawn("gateway http", http::serve(listener, router, shutdown));
    tracing::info!(%address, "the gateway listens");
    Ok(Running { address })
}

/// Starts the gateway and stays until `lifecycle` is over.
///
/// # Errors
///
/// As [`start`], and [`Error::Task`] when a task fails meanwhile.
pub async fn run(
    settings: Settings,
    shop: Shop,
    lifecycle: &Lifecycle,
    listener: Option<TcpListener>,
) -> Result<(), Error> {
    start(settings, shop, lifecycle, listener).await?;
    Ok(lifecycle.join().await?)
}
