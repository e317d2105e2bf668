//! Whose request this is, by address, and which host was asked for.

use std::net::IpAddr;

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Tells the service which host the caller asked for: a service compares it with the page's origin. What a
/// caller writes itself counts only when a proxy of our own is trusted.
pub(crate) fn tell_host(headers: &mut HeaderMap, trusted: bool) {
    let asked = headers.remove(HOST);
    if trusted && headers.contains_key(FORWARDED_HOST) {
        return;
    }
    match asked {
        Some(host) => headers.insert(FORWARDED_HOST, host),
        None => headers.remove(FORWARDED_HOST),
    };
}

/// The caller's address: the last entry of `X-Forwarded-For` when that is trusted, else the peer's.
pub(crate) fn caller(headers: &HeaderMap, peer: Option<IpAddr>, trusted: bool) -> Option<IpAddr> {
    let last = || {
        let list = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .next_back()?
            .to_str()
            .ok()?;
        list.rsplit(',').next()?.trim().parse().ok()
    };
    if trusted { last().or(peer) } else { peer }
}

/// Adds `peer` to the list of a trusted proxy, or begins a list of our own.
pub(crate) fn append(headers: &mut HeaderMap, peer: Option<IpAddr>, trusted: bool) {
    let before: Vec<_> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|_| trusted)
        .map(str::to_owned)
        .collect();
    let peer = peer.map(|peer| peer.to_string());
    let list: Vec<_> = before.into_iter().chain(peer).collect();
    match HeaderValue::try_from(list.join(", ")) {
        Ok(value) if !list.is_empty() => {
            headers.insert(FORWARDED_FOR, value);
        }
        _ => {
            headers.remove(FORWARDED_FOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &str) -> HeaderMap {
        HeaderMap::from_iter([(FORWARDED_FOR, HeaderValue::try_from(list).unwrap())])
    }

    #[test]
    fn the_host_is_the_one_that_was_asked_for() {
        let request = |pairs: &[(HeaderName, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(HeaderName, &'static str)| {
                (name.clone(), HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect()
        };
        let mut forged = request(&[(HOST, "shop:8080"), (FORWARDED_HOST, "evil")]);
        tell_host(&mut forged, false);
        assert_eq!(forged, request(&[(FORWARDED_HOST, "shop:8080")]));
        let mut behind = request(&[(HOST, "10.0.0.7"), (FORWARDED_HOST, "shop.example")]);
        tell_host(&mut behind, true);
        assert_eq!(behind, request(&[(FORWARDED_HOST, "shop.example")]));
        let mut nameless = request(&[(FORWARDED_HOST, "evil")]);
        tell_host(&mut nameless, false);
        assert!(nameless.is_empty());
    }

    #[test]
    fn what_a_caller_writes_counts_only_when_trusted() {
        let peer = Some(IpAddr::from([10, 0, 0, 1]));
        let written = headers("1.1.1.1, 2.2.2.2");
        assert_eq!(caller(&written, peer, false), peer);
        assert_eq!(
            caller(&written, peer, true),
            Some(IpAddr::from([2, 2, 2, 2]))
        );
        assert_eq!(caller(&headers("nonsense"), peer, true), peer);

        let mut untrusted = written.clone();
        append(&mut untrusted, peer, false);
        assert_eq!(untrusted[FORWARDED_FOR], "10.0.0.1");
        let mut trusted = written;
        append(&mut trusted, peer, true);
        assert_eq!(trusted[FORWARDED_FOR], "1.1.1.1, 2.2.2.2, 10.0.0.1");
    }
}
