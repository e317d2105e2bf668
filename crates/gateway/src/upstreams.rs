//! The services behind the gateway and where they listen.

use std::collections::HashMap;
use std::str::FromStr;

use http::uri::{Authority, Scheme, Uri};
use service::http::InProcess;
use utoipa::openapi::OpenApi;

use crate::Choreography;

/// A service behind the gateway.
#[derive(Clone)]
pub struct Upstream {
    /// Its name, as settings, problems and logs show it.
    pub name: &'static str,
    /// The port that it listens on unless told otherwise.
    pub port: u16,
    /// Where the gateway answers for its health.
    pub health: &'static str,
    /// Its endpoints.
    pub openapi: OpenApi,
}

/// What the gateway stands before.
#[derive(Clone, Default)]
pub struct Shop {
    /// Every service that has routes.
    pub services: Vec<Upstream>,
    /// Services that run in this process: they are called without a connection, whatever their
    /// address.
    pub in_process: HashMap<&'static str, InProcess>,
    /// Who publishes what to whom, for the operators' page.
    pub choreography: Choreography,
}

/// Where services listen: addresses for all of them, in which `{service}` and `{port}` stand for
/// the service's own, and addresses for one (`SERVICE=URL`), which come before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses(Vec<(Option<String>, String)>);

/// An address that can't be a service's, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// It is not written as one.
    #[error(
        "`{0}` is not a service's address: write http://HOST:PORT without a path, with {{service}} and {{port}} \
         for the service's own, or SERVICE=http://HOST:PORT for one service; several separated by commas"
    )]
    Form(String),
    /// It is for a service that there is not.
    #[error("there is no service `{name}`; there are: {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A service has none.
    #[error(
        "there is no address for {0}: add {0}=http://HOST:PORT, or one for all with {{service}}"
    )]
    Missing(&'static str),
}

impl Addresses {
    /// Each service at a port of its own on this machine.
    pub const LOCAL: &'static str = "http://127.0.0.1:{port}";

    /// `SERVICE=URL` for each of `services`.
    pub fn of<'a>(services: impl IntoIterator<Item = (&'a str, std::net::SocketAddr)>) -> Self {
        let entry =
            |(name, address): (&str, _)| (Some(name.to_owned()), format!("http://{address}"));
        Self(services.into_iter().map(entry).collect())
    }

    /// The instances of each of `services`.
    ///
    /// # Errors
    /// When one has no address, or an address is for none of them.
    pub(crate) fn resolve(
        &self,
        services: &[Upstream],
    ) -> Result<HashMap<&'static str, Vec<Authority>>, InvalidAddress> {
        let unknown = |(name, _): &&(Option<String>, String)| {
            name.as_ref()
                .is_some_and(|name| services.iter().all(|service| service.name != name))
        };
        if let Some((Some(name), _)) = self.0.iter().find(unknown) {
            let known: Vec<&str> = services.iter().map(|service| service.name).collect();
            return Err(InvalidAddress::Unknown {
                name: name.clone(),
                known: known.join(", "),
            });
        }
        services
            .iter()
            .map(|service| self.of_one(service))
            .collect()
    }

    fn of_one(&self, service: &Upstream) -> Result<(&'static str, Vec<Authority>), InvalidAddress> {
        let named = |wanted: Option<&str>| -> Vec<&String> {
            let all = self.0.iter();
            all.filter(|(name, _)| name.as_deref() == wanted)
                .map(|(_, url)| url)
                .collect()
        };
        let mut urls = named(Some(service.name));
        if urls.is_empty() {
            urls = named(None);
        }
        let instances: Result<Vec<Authority>, _> = urls
            .into_iter()
            .map(|url| {
                let url = filled(url, service.name, &service.port.to_string());
                instance(&url).ok_or(InvalidAddress::Form(url))
            })
            .collect();
        match instances? {
            none if none.is_empty() => Err(InvalidAddress::Missing(service.name)),
            instances => Ok((service.name, instances)),
        }
    }
}

impl Default for Addresses {
    fn default() -> Self {
        Self(vec![(None, Self::LOCAL.to_owned())])
    }
}

impl FromStr for Addresses {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let entry = |text: &str| {
            let text = text.trim();
            let (name, url) = match text.split_once('=') {
                Some((name, url)) => (Some(name.to_owned()), url),
                None => (None, text),
            };
            // What stands for the service's own can be anything that is a host and a port.
            let sound = instance(&filled(url, "service", "1")).is_some();
            sound
                .then(|| (name, url.to_owned()))
                .ok_or_else(|| InvalidAddress::Form(text.to_owned()))
        };
        text.split(',')
            .map(entry)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl std::fmt::Display for Addresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entry = |(name, url): &(Option<String>, String)| match name {
            Some(name) => format!("{name}={url}"),
            None => url.clone(),
        };
        let all: Vec<String> = self.0.iter().map(entry).collect();
        f.write_str(&all.join(","))
    }
}

fn filled(url: &str, service: &str, port: &str) -> String {
    url.replace("{service}", service).replace("{port}", port)
}

fn instance(text: &str) -> Option<Authority> {
    let parts = text.parse::<Uri>().ok()?.into_parts();
    let bare = parts.path_and_query.is_none_or(|path| path == "/");
    let plain = bare && parts.scheme == Some(Scheme::HTTP);
    parts
        .authority
        .filter(|authority| plain && !authority.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Vec<Upstream> {
        [("auth", 1), ("orders", 2)]
            .map(|(name, port)| Upstream {
                name,
                port,
                health: "/health",
                openapi: OpenApi::default(),
            })
            .into()
    }

    fn resolved(text: &str) -> Result<HashMap<&'static str, Vec<Authority>>, String> {
        let addresses: Addresses = text.parse().map_err(|e: InvalidAddress| e.to_string())?;
        addresses.resolve(&services()).map_err(|e| e.to_string())
    }

    #[test]
    fn one_address_serves_for_all_and_a_services_own_comes_first() {
        let found =
            resolved("http://{service}:8{port}, orders=http://a:1,orders=http://[::1]:2/").unwrap();
        assert_eq!(found["auth"], ["auth:81"]);
        assert_eq!(found["orders"], ["a:1", "[::1]:2"]);
        let found = Addresses::default().resolve(&services()).unwrap();
        assert_eq!(found["orders"], ["127.0.0.1:2"]);
    }

    #[test]
    fn an_address_is_plain_http_without_a_path() {
        for wrong in [
            "",
            "orders:8083",
            "https://orders",
            "http://a/b",
            "http://a/?q",
            "auth=http://u:p@a",
        ] {
            let refused = resolved(wrong).unwrap_err();
            assert!(refused.contains("write http://HOST:PORT"), "{refused}");
        }
    }

    #[test]
    fn a_name_that_is_no_service_and_a_service_without_address_are_errors() {
        let refused = resolved("http://{service}:1,order=http://a:1").unwrap_err();
        assert_eq!(
            refused,
            "there is no service `order`; there are: auth, orders"
        );
        let refused = resolved("orders=http://a:1").unwrap_err();
        assert!(
            refused.contains("no address for auth: add auth=http://HOST:PORT"),
            "{refused}"
        );
    }
}
