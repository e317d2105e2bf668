//! Listening and ending in good order.

use std::io;
use std::net::SocketAddr;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use super::InProcess;
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

/// Serves `routes` until the soft signal, then finishes the requests in flight until the hard one, those
/// of callers in this process included.
///
/// The peer's address is there as `ConnectInfo<SocketAddr>`.
///
/// # Errors
///
/// The listener's.
pub async fn serve(
    listener: TcpListener,
    routes: impl Into<InProcess>,
    shutdown: Shutdown,
) -> io::Result<()> {
    let routes = routes.into();
    let listener = listener.tap_io(|stream| {
        // Answers are small and whole; waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY is not set");
        }
    });
    let service = routes
        .router()
        .into_make_service_with_connect_info::<SocketAddr>();
    let soft = shutdown.soft();
    let served = axum::serve(listener, service).with_graceful_shutdown(soft.cancelled_owned());
    let ended = async {
        let outcome = served.await;
        routes.end().await;
        outcome
    };
    tokio::select! {
        outcome = ended => outcome,
        () = shutdown.hard().cancelled_owned() => Ok(()),
    }
}
