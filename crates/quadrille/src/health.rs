//! `quadrille health`: whether a service is ready, for images that hold nothing but this program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

/// Whom to ask.
#[derive(Debug, Clone, Args)]
pub(crate) struct HealthArgs {
    /// What to ask; without it, `/readyz` of the service that listens here
    pub(crate) url: Option<String>,
    /// Address and port to listen on, such as 127.0.0.1:8080; port 0 takes a free one [default: the
    /// role's own port on 127.0.0.1]
    #[arg(long, env = "QUADRILLE_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

/// How long an answer may take: whoever asks for health asks again soon.
const PATIENCE: Duration = Duration::from_secs(5);
/// The gateway's own port.
const PORT: u16 = 8080;

/// Asks once.
///
/// # Errors
/// When nothing answers, or something other than success, with what it said.
pub(crate) async fn run(args: &HealthArgs) -> anyhow::Result<()> {
    let url = args.url.clone().unwrap_or_else(|| ready_at(args.listen));
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()?;
    let answer = client.get(&url).send().await;
    let answer = answer.with_context(|| format!("nothing answers at {url}"))?;
    let status = answer.status();
    if !status.is_success() {
        bail!(
            "{url} answers {status}: {}",
            answer.text().await.unwrap_or_default()
        );
    }
    Ok(())
}

fn ready_at(listen: Option<SocketAddr>) -> String {
    let address = listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
    format!("http://{}/readyz", from_here(address))
}

/// Who listens everywhere is asked over the loopback interface.
pub(crate) fn from_here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_beside_it_is_asked() {
        let asked = |listen: &str| ready_at(Some(listen.parse().unwrap()));
        assert_eq!(asked("0.0.0.0:9000"), "http://127.0.0.1:9000/readyz");
        assert_eq!(asked("[::]:9000"), "http://[::1]:9000/readyz");
        assert_eq!(asked("10.1.2.3:80"), "http://10.1.2.3:80/readyz");
        assert_eq!(ready_at(None), "http://127.0.0.1:8080/readyz");
    }

    #[tokio::test]
    async fn a_service_that_is_away_is_named() {
        let args = HealthArgs {
            url: Some("http://127.0.0.1:1/readyz".to_owned()),
            listen: None,
        };
        let error = run(&args).await.unwrap_err().to_string();
        assert!(error.contains("127.0.0.1:1"), "{error}");
    }
}
