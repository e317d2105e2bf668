//! Where a service listens and what it lets in.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where a service listens and what it lets in.
#[derive(Debug, Clone, clap::Args)]
pub struct HttpSettings {
    /// Address and port to listen on, such as 127.0.0.1:8080; port 0 takes a free one [default: the
    /// role's own port on 127.0.0.1]
    #[arg(long, env = "QUADRILLE_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,

    /// Address and port for the process's metrics alone, such as 127.0.0.1:9464; `/metrics` is then
    /// unknown where a service listens [default: where the service listens; the gateway's are
    /// served nowhere]
    #[arg(long, env = "QUADRILLE_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,

    /// Largest request body in bytes; a larger one is answered with 413
    #[arg(long, env = "QUADRILLE_BODY_LIMIT_BYTES", value_name = "BYTES", default_value_t = HttpSettings::BODY_LIMIT_BYTES)]
    pub body_limit_bytes: usize,

    /// Longest time until an answer begins, such as 40s; longer than the longest `Prefer: wait` (30
    /// s). Streams may last longer
    #[arg(long, env = "QUADRILLE_REQUEST_TIMEOUT", value_name = "DURATION", default_value = "40s", value_parser = super::duration)]
    pub request_timeout: Duration,
}

impl HttpSettings {
    const BODY_LIMIT_BYTES: usize = 1024 * 1024;

    /// The defaults, listening on a free port of the loopback interface.
    pub fn on_free_port() -> Self {
        Self {
            listen: Some((Ipv4Addr::LOCALHOST, 0).into()),
            ..Self::default()
        }
    }

    /// The configured address, else 127.0.0.1 with the role's own port.
    pub fn listen_or(&self, role_port: u16) -> SocketAddr {
        self.listen
            .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, role_port).into())
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: None,
            metrics_listen: None,
            body_limit_bytes: Self::BODY_LIMIT_BYTES,
            request_timeout: Duration::from_secs(40),
        }
    }
}
