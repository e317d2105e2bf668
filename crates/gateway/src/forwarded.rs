//! Who asks, by address, for which host and how securely: as the connection says, or a proxy of our
//! own.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};
use service::http::OverTls;

use crate::edge_settings::ProxySettings;
use crate::security_headers;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientInfo {
    /// Its address; there is none in a test without a connection.
    pub(crate) address: Option<IpAddr>,
    /// Whether the connection is a proxy's of our own.
    pub(crate) through_proxy: bool,
    /// Whether it came over TLS, as far as we can know.
    pub(crate) secure: bool,
}

/// Notes in each request who asks, and tells browsers in each answer to a secure one to stay
/// secure.
pub(crate) async fn identify(
    State(proxies): State<Arc<ProxySettings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let extensions = request.extensions();
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    let over_tls = extensions.get::<OverTls>().is_some();
    let client = ClientInfo::of(&proxies, peer, over_tls, request.headers());
    request.extensions_mut().insert(client);
    let mut response = next.run(request).await;
    if client.secure {
        security_headers::stay_secure(response.headers_mut());
    }
    response
}

impl ProxySettings {
    /// Whether a peer at this address is a proxy of our own.
    pub(crate) fn trust(&self, peer: IpAddr) -> bool {
        if self.trusted_networks.is_empty() {
            self.trusted_hops > 0
        } else {
            self.is_within(peer)
        }
    }

    fn is_within(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let mut networks = self.trusted_networks.iter();
        networks.any(|network| network.contains(&address))
    }

    /// The caller in what own proxies have written, if it is there.
    fn caller(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lists = headers.get_all(FORWARDED_FOR).iter();
        // By bytes: what the caller wrote may be no text, and takes nothing from the entries after
        // it.
        let entries: Vec<&[u8]> = lists
            .flat_map(|list| list.as_bytes().split(|&byte| byte == b','))
            .collect();
        if self.trusted_hops > 0 {
            let at = entries.len().checked_sub(self.trusted_hops.into())?;
            return address(entries[at]);
        }
        let mut last = None;
        for entry in entries.into_iter().rev() {
            // What stands before an entry that can't be read is of no known origin.
            let Some(address) = address(entry) else { break };
            last = Some(address);
            if !self.is_within(address) {
                break;
            }
        }
        last
    }
}

impl ClientInfo {
    fn of(
        proxies: &ProxySettings,
        peer: Option<IpAddr>,
        over_tls: bool,
        headers: &HeaderMap,
    ) -> Self {
        let through_proxy = peer.is_some_and(|peer| proxies.trust(peer));
        let told = || proxies.caller(headers);
        let proto = headers.get_all(FORWARDED_PROTO).iter().next_back();
        let proto = proto.and_then(|list| list.as_bytes().rsplit(|&byte| byte == b',').next());
        let told_secure =
            proto.is_some_and(|proto| proto.trim_ascii().eq_ignore_ascii_case(b"https"));
        Self {
            address: through_proxy.then(told).flatten().or(peer),
            through_proxy,
            secure: over_tls || (through_proxy && told_secure),
        }
    }

    /// Tells a service who asks, for which host and how securely, and nothing that the caller wrote
    /// about it.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let asked = headers.remove(HOST);
        if !(self.through_proxy && headers.contains_key(FORWARDED_HOST)) {
            match asked {
                Some(host) => headers.insert(FORWARDED_HOST, host),
                None => headers.remove(FORWARDED_HOST),
            };
        }
        let proto = if self.secure { "https" } else { "http" };
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
        let address = self
            .address
            .and_then(|address| HeaderValue::try_from(address.to_canonical().to_string()).ok());
        match address {
            Some(address) => headers.insert(FORWARDED_FOR, address),
            None => headers.remove(FORWARDED_FOR),
        };
    }
}

/// An address, also with a port, as some proxies write it.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    let bracketed = || {
        text.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<IpAddr>()
            .ok()
    };
    let found = text.parse().ok().or_else(with_port).or_else(bracketed);
    found.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(HeaderName, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    fn proxies(hops: u16, networks: &[&str]) -> ProxySettings {
        ProxySettings {
            trusted_hops: hops,
            trusted_networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    const PEER: &str = "10.0.0.1";

    fn caller(proxies: &ProxySettings, peer: &str, list: &'static str) -> String {
        let headers = headers(&[(FORWARDED_FOR, list)]);
        let client = ClientInfo::of(proxies, Some(peer.parse().unwrap()), false, &headers);
        client.address.unwrap().to_string()
    }

    #[test]
    fn what_a_caller_writes_counts_for_nothing() {
        assert_eq!(caller(&proxies(0, &[]), PEER, "1.1.1.1"), PEER);
        let elsewhere = proxies(1, &["192.168.0.0/16"]);
        assert_eq!(caller(&elsewhere, PEER, "1.1.1.1"), PEER);
        // Only the entries that own proxies wrote are looked at.
        let google = proxies(2, &[]);
        let forged = "6.6.6.6, 203.0.113.7, 35.191.0.1";
        assert_eq!(caller(&google, PEER, forged), "203.0.113.7");
        assert_eq!(caller(&google, PEER, "6.6.6.6"), PEER, "one is missing");
        assert_eq!(caller(&proxies(1, &[]), PEER, "6.6.6.6, nonsense"), PEER);
    }

    #[test]
    fn what_a_caller_writes_hides_nothing_of_what_a_proxy_adds() {
        for forged in [&b"\xff"[..], b"6.6.6.6\xe9", "\u{e9}, nonsense".as_bytes()] {
            let list = [forged, b", 203.0.113.7"].concat();
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, HeaderValue::from_bytes(&list).unwrap());
            let proto = [forged, b", https"].concat();
            headers.insert(FORWARDED_PROTO, HeaderValue::from_bytes(&proto).unwrap());
            for proxies in [proxies(1, &[]), proxies(0, &["10.0.0.0/8"])] {
                let peer = Some(PEER.parse().unwrap());
                let client = ClientInfo::of(&proxies, peer, false, &headers);
                assert_eq!(client.address, "203.0.113.7".parse().ok(), "{list:?}");
                assert!(client.secure, "{proto:?}");
            }
        }
    }

    #[test]
    fn own_networks_are_passed_over() {
        let own = proxies(0, &["10.0.0.0/8", "fd00::/8"]);
        let list = "6.6.6.6, 203.0.113.7, 10.0.0.9, fd00::1";
        assert_eq!(caller(&own, PEER, list), "203.0.113.7");
        assert_eq!(caller(&own, "203.0.113.9", list), "203.0.113.9");
        assert_eq!(
            caller(&own, PEER, "6.6.6.6, nonsense, 10.0.0.9"),
            "10.0.0.9"
        );
        assert_eq!(caller(&own, "::ffff:10.0.0.1", list), "203.0.113.7");
    }

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        for (text, expected) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ] {
            assert_eq!(caller(&proxies(1, &[]), PEER, text), expected, "{text}");
        }
    }

    #[test]
    fn a_service_is_told_what_is_known_and_not_what_the_caller_wrote() {
        let written = headers(&[
            (HOST, "shop.example:8080"),
            (FORWARDED_HOST, "evil.example"),
            (FORWARDED_PROTO, "https"),
            (FORWARDED_FOR, "6.6.6.6"),
        ]);
        let told = |proxies: &ProxySettings| {
            let mut headers = written.clone();
            ClientInfo::of(proxies, Some(PEER.parse().unwrap()), false, &headers)
                .tell(&mut headers);
            headers
        };
        let expected = [
            (FORWARDED_HOST, "shop.example:8080"),
            (FORWARDED_PROTO, "http"),
            (FORWARDED_FOR, PEER),
        ];
        assert_eq!(told(&proxies(0, &[])), headers(&expected));
        let expected = [
            (FORWARDED_HOST, "evil.example"),
            (FORWARDED_PROTO, "https"),
            (FORWARDED_FOR, "6.6.6.6"),
        ];
        assert_eq!(told(&proxies(1, &[])), headers(&expected));
    }
}
