use service::http::InvalidTls;
use service::lifecycle::TaskFailed;

use crate::InvalidAddress;
use crate::access::InvalidTable;

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
    /// The certificate or its key can't be used.
    #[error(
        "--tls-certificate-file, --tls-key-file (QUADRILLE_TLS_CERTIFICATE_FILE, QUADRILLE_TLS_KEY_FILE): {0}"
    )]
    Tls(#[from] InvalidTls),
    /// The web UI's folder does not say which addresses are its own.
    #[error("the web UI's folder {0} has no usable routes.json ({1}): build the web UI again")]
    WebRoutes(std::path::PathBuf, String),
    /// The API's description can't be written as JSON.
    #[error("the OpenAPI document can't be generated")]
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
