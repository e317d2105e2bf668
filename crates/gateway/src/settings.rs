//! The gateway's settings.

use std::path::PathBuf;
use std::time::Duration;

use service::config::{HttpSettings, TokenSettings};

use crate::Addresses;

/// The gateway's settings.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap shows a flattened group's own text")]
    pub http: HttpSettings,

    /// Where the services listen: http://HOST:PORT, with {service} and {port} for each service's own name and
    /// port, or SERVICE=http://HOST:PORT for one of them; several, also for several instances, separated by
    /// commas
    #[arg(long, env = "QUADRILLE_UPSTREAMS", value_name = "URLS", default_value = Addresses::LOCAL)]
    pub upstreams: Addresses,

    /// Where the services' metrics are, if not where they listen, in the same form, for the operators' page
    #[arg(long, env = "QUADRILLE_UPSTREAM_METRICS", value_name = "URLS")]
    pub upstream_metrics: Option<Addresses>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap shows a flattened group's own text")]
    pub tokens: TokenSettings,

    /// Folder with the web UI's built files; without it `/` shows a small status page
    #[arg(long, env = "QUADRILLE_WEB_ROOT", value_name = "FOLDER")]
    pub web_root: Option<PathBuf>,

    /// Most API requests a second of one account, or of one address without a token; 0 is no limit
    #[arg(
        long,
        env = "QUADRILLE_RATE_LIMIT_PER_SECOND",
        value_name = "COUNT",
        default_value_t = 0
    )]
    pub rate_limit_per_second: u32,

    /// Most log-ins, registrations and refreshes a second of one address; 0 is no limit
    #[arg(long, env = "QUADRILLE_LOGIN_LIMIT_PER_SECOND", value_name = "COUNT", default_value_t = Settings::LOGIN_LIMIT)]
    pub login_limit_per_second: u32,

    /// How many log-ins, registrations and refreshes of one address may come at once
    #[arg(long, env = "QUADRILLE_LOGIN_BURST", value_name = "COUNT", default_value_t = Settings::LOGIN_BURST)]
    pub login_burst: u32,

    /// Take a caller's address from the last entry of `X-Forwarded-For`; only behind a proxy of your own
    /// that sets it, since any caller can write it
    #[arg(long, env = "QUADRILLE_TRUST_FORWARDED_FOR")]
    pub trust_forwarded_for: bool,

    /// Longest time to connect to a service, such as 2s
    #[arg(long, env = "QUADRILLE_CONNECT_TIMEOUT", value_name = "DURATION", default_value = "2s", value_parser = service::config::duration)]
    pub connect_timeout: Duration,
}

impl Settings {
    const LOGIN_LIMIT: u32 = 20;
    const LOGIN_BURST: u32 = 40;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http: HttpSettings::default(),
            tokens: TokenSettings::default(),
            upstreams: Addresses::default(),
            upstream_metrics: None,
            web_root: None,
            rate_limit_per_second: 0,
            login_limit_per_second: Self::LOGIN_LIMIT,
            login_burst: Self::LOGIN_BURST,
            trust_forwarded_for: false,
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
}
