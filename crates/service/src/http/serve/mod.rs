//! Listening and ending in good order.
//!
//! A connection that keeps us waiting is given up: `guard.rs` knows until when, `places.rs` how
//! many there may be and which of them make room.

mod activity;
mod body;
mod connection;
mod guard;
mod metrics;
mod places;
mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

pub use body::BodyStalled;
pub use connection::OverTls;
pub use places::caller_key;
pub use tls::{InvalidTls, Tls};

use self::activity::Activity;
use self::connection::Connections;
use self::metrics::{Ended, ended};
use self::places::Places;
use super::InProcess;
use crate::config::ConnectionSettings;
use crate::lifecycle::Shutdown;

/// How long to wait when the operating system gives no connection, for want of files for example.
const NO_CONNECTION: Duration = Duration::from_millis(100);

/// How to treat those who connect.
pub struct Door {
    /// How long a connection may keep us waiting, and how many there may be.
    pub connections: ConnectionSettings,
    /// Whose connections are not counted by address, such as those of an own proxy.
    pub exempt: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// TLS, where it ends here.
    pub tls: Option<Arc<Tls>>,
}

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

/// Serves `routes` to the gateway and to probes until the soft signal, then finishes the requests
/// in flight until the hard one, those of callers in this process included.
///
/// The peer's address is there as `ConnectInfo<SocketAddr>`.
///
/// # Errors
///
/// None; a connection that can't be had is tried again.
pub async fn serve(
    listener: TcpListener,
    routes: impl Into<InProcess>,
    shutdown: Shutdown,
) -> io::Result<()> {
    let door = Door {
        connections: ConnectionSettings::behind_the_gateway(),
        exempt: Box::new(|_| true),
        tls: None,
    };
    allow_files();
    serve_on(door, listener, routes, shutdown).await
}

/// As [`serve`], for whoever comes to `door`. Requests over its TLS have [`OverTls`] in their
/// extensions.
///
/// # Errors
///
/// None; a connection that can't be had is tried again.
pub async fn serve_at(
    door: Door,
    listener: TcpListener,
    routes: impl Into<InProcess>,
    shutdown: Shutdown,
) -> io::Result<()> {
    let max_connections = door.connections.max_connections;
    if let Some(files) = allow_files()
        && files < u64::from(max_connections)
    {
        tracing::warn!(
            files,
            max_connections,
            "there may be more connections than files, and each takes one: without files a new connection waits and \
             none makes room for it; raise the limit on open files (`ulimit -n`) or lower --max-connections \
             (QUADRILLE_MAX_CONNECTIONS)"
        );
    }
    serve_on(door, listener, routes, shutdown).await
}

async fn serve_on(
    door: Door,
    listener: TcpListener,
    routes: impl Into<InProcess>,
    shutdown: Shutdown,
) -> io::Result<()> {
    let routes = routes.into();
    metrics::describe();
    let (soft, hard) = (shutdown.soft(), shutdown.hard());
    let places = Arc::new(Places::new(&door.connections));
    let connections = Connections::new(routes.router(), &door.connections, door.tls);
    let connections = Arc::new(connections);
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = soft.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken; trying again");
                tokio::time::sleep(NO_CONNECTION).await;
                continue;
            }
        };
        let activity = Arc::new(Activity::new(&door.connections));
        let Some(place) = places.take(peer.ip(), (door.exempt)(peer.ip()), &activity) else {
            ended(Ended::Refused);
            continue;
        };
        let (connections, soft, hard) = (Arc::clone(&connections), soft.clone(), hard.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = connections.serve(stream, peer, activity, place, &soft) => {}
                () = hard.cancelled() => {}
            }
        });
    }
    drop(listener);
    tasks.close();
    let ended = async {
        tasks.wait().await;
        routes.end().await;
    };
    tokio::select! {
        () = ended => {}
        () = hard.cancelled() => {}
    }
    Ok(())
}

/// Each connection is a file: takes as many as the operating system lets this process have. `None`
/// is no limit.
fn allow_files() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: before.maximum,
        ..before
    };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        tracing::debug!(%error, "the limit on open files stays as it is");
        return before.current;
    }
    all.current
}
