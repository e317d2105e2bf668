//! The gateway's settings.

use std::path::PathBuf;
use std::time::Duration;

use service::config::{HttpSettings, TokenSettings};

use crate::{Addresses, EdgeSettings};

/// The gateway's settings.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap shows a flattened group's own text")]
    pub http: HttpSettings,

    /// Where the services listen: http://HOST:PORT, with {service} and {port} for each service's
    /// own name and port, or SERVICE=http://HOST:PORT for one of them; several, also for several
    /// instances, separated by commas
    #[arg(long, env = "QUADRILLE_UPSTREAMS", value_name = "URLS", default_value = Addresses::LOCAL)]
    pub upstreams: Addresses,

    /// Where the services' metrics are, if not where they listen, in the same form, for the
    /// operators' page
    #[arg(long, env = "QUADRILLE_UPSTREAM_METRICS", value_name = "URLS")]
    pub upstream_metrics: Option<Addresses>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap shows a flattened group's own text")]
    pub tokens: TokenSettings,

    /// Folder with the web UI's built files; without it `/` shows a small status page
    #[arg(long, env = "QUADRILLE_WEB_ROOT", value_name = "FOLDER")]
    pub web_root: Option<PathBuf>,

    /// What the edge lets in.
    #[command(flatten)]
    pub edge: EdgeSettings,

    /// The certificate to answer TLS with, PEM, followed by those that vouch for it; HTTP/2 is
    /// offered besides. Read anew when it changes. Without it the gateway speaks plain HTTP, for a
    /// proxy before it
    #[arg(
        long,
        env = "QUADRILLE_TLS_CERTIFICATE_FILE",
        value_name = "FILE",
        requires = "tls_key_file"
    )]
    pub tls_certificate_file: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(
        long,
        env = "QUADRILLE_TLS_KEY_FILE",
        value_name = "FILE",
        requires = "tls_certificate_file"
    )]
    pub tls_key_file: Option<PathBuf>,

    /// Longest time to connect to a service, such as 2s
    #[arg(long, env = "QUADRILLE_CONNECT_TIMEOUT", value_name = "DURATION", default_value = "2s", value_parser = service::config::duration)]
    pub connect_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http: HttpSettings::default(),
            tokens: TokenSettings::default(),
            upstreams: Addresses::default(),
            upstream_metrics: None,
            web_root: None,
            edge: EdgeSettings::default(),
            tls_certificate_file: None,
            tls_key_file: None,
            connect_timeout: Duration::from_secs(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn the_flags_defaults_are_the_structs_defaults() {
        let parsed = Cli::try_parse_from(["gateway"]).unwrap().settings;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Settings::default()));
        let wrong = Cli::try_parse_from(["gateway", "--upstreams=orders"])
            .unwrap_err()
            .to_string();
        assert!(
            wrong.contains("--upstreams") && wrong.contains("http://HOST:PORT"),
            "{wrong}"
        );
    }

    #[test]
    fn there_is_at_least_one_connection() {
        let none = Cli::try_parse_from(["gateway", "--max-connections=0"]);
        let refused = none.unwrap_err().to_string();
        assert!(refused.contains("--max-connections"), "{refused}");
        let one = Cli::try_parse_from(["gateway", "--max-connections=1"]).unwrap();
        assert_eq!(one.settings.edge.connections.max_connections, 1);
    }
}
