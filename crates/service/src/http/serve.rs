//! Listening and ending in good order.

use std::{io, net::SocketAddr};

use axum::{Router, serve::ListenerExt};
use tokio::net::TcpListener;

use crate::lifecycle::Shutdown;

/// Binds `address`.
///
/// # Errors
///
/// The operating system's, with the address in its text.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    listen(address, "--listen").await
}

/// Binds `address`, which `setting` chooses.
pub(super) async fn listen(address: SocketAddr, setting: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("can't listen on {address} ({error}); choose another with {setting}"),
        )
    })
}

/// Serves `router` until the soft signal, then finishes the requests in flight until the hard one.
///
/// The peer's address is there as `ConnectInfo<SocketAddr>`.
///
/// # Errors
///
/// The listener's.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Answers are small and whole; waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY is not set");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let soft = shutdown.soft();
    let served = axum::serve(listener, service).with_graceful_shutdown(soft.cancelled_owned());
    tokio::select! {
        outcome = served.into_future() => outcome,
        () = shutdown.hard().cancelled_owned() => Ok(()),
    }
}
