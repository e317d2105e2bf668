//! The gateway's settings.

use std::{collections::HashMap, path::PathBuf, str::FromStr, time::Duration};

use http::uri::{Authority, Scheme, Uri};
use service::{
    config::{HttpSettings, TokenSettings},
    http::InProcess,
};

use crate::{Choreography, access::Upstream};

/// Where a service listens: `http://HOST:PORT`, one for each instance, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl(Vec<Authority>);

/// An address that can't be a service's, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a service's address: write http://HOST:PORT without a path, several separated by commas"
)]
pub struct InvalidUpstream(String);

/// The gateway's settings.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap shows a flattened group's own text")]
    pub http: HttpSettings,

    /// Where the auth service listens; several instances separated by commas
    #[arg(long, env = "QUADRILLE_AUTH_URL", value_name = "URL", default_value = Settings::AUTH_URL)]
    pub auth_url: UpstreamUrl,

    /// Where the products service listens; several instances separated by commas
    #[arg(long, env = "QUADRILLE_PRODUCTS_URL", value_name = "URL", default_value = Settings::PRODUCTS_URL)]
    pub products_url: UpstreamUrl,

    /// Where the orders service listens; several instances separated by commas
    #[arg(long, env = "QUADRILLE_ORDERS_URL", value_name = "URL", default_value = Settings::ORDERS_URL)]
    pub orders_url: UpstreamUrl,

    /// Where auth's metrics are, if not where the service listens, for the operators' page; several instances
    /// separated by commas
    #[arg(long, env = "QUADRILLE_AUTH_METRICS_URL", value_name = "URL")]
    pub auth_metrics_url: Option<UpstreamUrl>,

    /// Where products' metrics are, if not where the service listens, for the operators' page; several
    /// instances separated by commas
    #[arg(long, env = "QUADRILLE_PRODUCTS_METRICS_URL", value_name = "URL")]
    pub products_metrics_url: Option<UpstreamUrl>,

    /// Where orders' metrics are, if not where the service listens, for the operators' page; several instances
    /// separated by commas
    #[arg(long, env = "QUADRILLE_ORDERS_METRICS_URL", value_name = "URL")]
    pub orders_metrics_url: Option<UpstreamUrl>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap shows a flattened group's own text")]
    pub tokens: TokenSettings,

    /// Folder with the web UI's built files; without it `/` shows a small page that says what runs here
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

    /// Services that run in this process: they are asked without a connection, whatever their address
    #[arg(skip)]
    pub in_process: HashMap<Upstream, InProcess>,

    /// Who says what to whom, for the operators' page
    #[arg(skip)]
    pub choreography: Choreography,
}

impl Settings {
    const AUTH_URL: &'static str = "http://127.0.0.1:8081";
    const PRODUCTS_URL: &'static str = "http://127.0.0.1:8082";
    const ORDERS_URL: &'static str = "http://127.0.0.1:8083";
    const LOGIN_LIMIT: u32 = 20;
    const LOGIN_BURST: u32 = 40;

    /// The defaults with these services' addresses; the access tokens' keys are asked of `auth_url`.
    pub fn new(auth_url: UpstreamUrl, products_url: UpstreamUrl, orders_url: UpstreamUrl) -> Self {
        Self {
            http: HttpSettings::default(),
            tokens: TokenSettings::new(&format!("{}/.well-known/jwks.json", auth_url.first())),
            auth_url,
            products_url,
            orders_url,
            auth_metrics_url: None,
            products_metrics_url: None,
            orders_metrics_url: None,
            web_root: None,
            rate_limit_per_second: 0,
            login_limit_per_second: Self::LOGIN_LIMIT,
            login_burst: Self::LOGIN_BURST,
            trust_forwarded_for: false,
            connect_timeout: Duration::from_secs(2),
            in_process: HashMap::new(),
            choreography: Choreography::default(),
        }
    }
}

impl UpstreamUrl {
    pub(crate) fn instances(&self) -> &[Authority] {
        &self.0
    }

    fn first(&self) -> String {
        let first = self.0.first().map(Authority::as_str);
        format!("http://{}", first.unwrap_or_default())
    }
}

impl From<std::net::SocketAddr> for UpstreamUrl {
    fn from(address: std::net::SocketAddr) -> Self {
        // A socket address is always a valid authority; the fallback is never taken.
        let authority = Authority::try_from(address.to_string());
        Self(vec![
            authority.unwrap_or_else(|_| Authority::from_static("127.0.0.1")),
        ])
    }
}

impl FromStr for UpstreamUrl {
    type Err = InvalidUpstream;

    fn from_str(text: &str) -> Result<Self, InvalidUpstream> {
        text.split(',')
            .map(instance)
            .collect::<Option<Vec<_>>>()
            .map(Self)
            .ok_or_else(|| InvalidUpstream(text.to_owned()))
    }
}

fn instance(text: &str) -> Option<Authority> {
    let parts = text.trim().parse::<Uri>().ok()?.into_parts();
    let bare = parts.path_and_query.is_none_or(|path| path == "/");
    let plain = bare && parts.scheme == Some(Scheme::HTTP);
    parts
        .authority
        .filter(|authority| plain && !authority.as_str().contains('@'))
}

impl std::fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> = self.0.iter().map(|one| format!("http://{one}")).collect();
        f.write_str(&all.join(","))
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
        let url = |text: &str| text.parse::<UpstreamUrl>().unwrap();
        let (auth, products) = (url(Settings::AUTH_URL), url(Settings::PRODUCTS_URL));
        let built = Settings::new(auth, products, url(Settings::ORDERS_URL));
        let parsed = Cli::try_parse_from(["gateway"]).unwrap().settings;
        assert_eq!(format!("{parsed:?}"), format!("{built:?}"));
        let wrong = Cli::try_parse_from(["gateway", "--orders-url=orders"])
            .unwrap_err()
            .to_string();
        assert!(
            wrong.contains("--orders-url") && wrong.contains("http://HOST:PORT"),
            "{wrong}"
        );
    }

    #[test]
    fn a_services_address_is_plain_http_without_a_path() {
        for good in [
            "http://orders:8083",
            "http://127.0.0.1:1/",
            "http://[::1]:80",
        ] {
            good.parse::<UpstreamUrl>().unwrap();
        }
        for wrong in [
            "",
            "orders:8083",
            "https://orders",
            "http://a/b",
            "http://a/?q",
            "http://u:p@a",
        ] {
            let refusal = wrong.parse::<UpstreamUrl>().unwrap_err().to_string();
            assert!(refusal.contains("http://HOST:PORT"), "{refusal}");
        }
    }
}
