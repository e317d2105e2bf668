//! Starting the gateway.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use service::http::{self, Door, Tls};
use service::lifecycle::Lifecycle;
use tokio::net::TcpListener;

use crate::limits::Limits;
use crate::{Error, Settings, Shop, edge};

/// The port that the gateway listens on unless told otherwise.
pub const ROLE_PORT: u16 = 8080;

/// How often callers who are quiet again are forgotten.
const FORGET: Duration = Duration::from_secs(10);

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
    let tls = match (&settings.tls_certificate_file, &settings.tls_key_file) {
        (Some(certificate), Some(key)) => Some(Arc::new(Tls::from_files(certificate, key)?)),
        _ => None,
    };
    let limits = Arc::new(Limits::new(&settings.edge.limits));
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
    if let Some(tls) = &tls {
        let (tls, soft) = (Arc::clone(tls), shutdown.soft());
        lifecycle.spawn("gateway certificate", async move {
            tls.keep(soft).await;
            Ok::<(), std::convert::Infallible>(())
        });
    }
    tracing::info!(%address, tls = tls.is_some(), "the gateway listens");
    let proxies = settings.edge.proxies;
    let door = Door {
        connections: settings.edge.connections,
        exempt: Box::new(move |peer| proxies.trust(peer)),
        tls,
    };
    let served = http::serve_at(door, listener, router, shutdown);
    lifecycle.spawn("gateway http", served);
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
