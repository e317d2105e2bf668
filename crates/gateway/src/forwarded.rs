//! Whose request this is, by address.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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
