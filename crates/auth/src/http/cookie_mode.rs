//! The browser's way of holding a login: the refresh token in a cookie that no script can read.
//!
//! A client asks for it with `X-Session: cookie`. Other sites can't send that header without leave,
//! and the `Origin` is checked besides.

use axum::extract::FromRequestParts;
use http::header::{COOKIE, HOST, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Uri};
use jiff::SignedDuration;
use service::http::Problem;

const SESSION: HeaderName = HeaderName::from_static("x-session");
/// Set by the gateway to the host that the browser asked for.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Set by the gateway to how the browser asked, as far as it can know.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How the refresh token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carriage {
    /// In JSON bodies, for programs.
    Body,
    /// In a cookie, for browsers.
    Cookie(Cookie),
}

/// Which cookie holds a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Over TLS: the prefix makes browsers refuse one that another host of the domain, or plain
    /// HTTP, has set.
    OfThisHost,
    /// Over plain HTTP, as on a developer's own machine, where browsers take no such prefix.
    Plain,
}

impl<S: Sync> FromRequestParts<S> for Carriage {
    type Rejection = Problem;

    /// 403 `forbidden` for the cookie mode from another site's page, or without an `Origin`.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let asked = parts.headers.get(SESSION);
        if asked.is_none_or(|value| value != "cookie") {
            return Ok(Self::Body);
        }
        if is_own_origin(&parts.headers) {
            return Ok(Self::Cookie(if is_secure(&parts.headers) {
                Cookie::OfThisHost
            } else {
                Cookie::Plain
            }));
        }
        Err(Problem::forbidden().detail(
            "with X-Session: cookie the Origin header has to name this shop's own address; \
             programs leave X-Session out and send the token in the body",
        ))
    }
}

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Self::OfThisHost => "__Host-quadrille_refresh",
            Self::Plain => "quadrille_refresh",
        }
    }

    /// `Path`: what the prefix asks for, or the one prefix of all that needs it. `Secure`: browsers
    /// take `http://localhost` for safe.
    fn attributes(self) -> &'static str {
        match self {
            Self::OfThisHost => "Path=/; HttpOnly; Secure; SameSite=Strict",
            Self::Plain => "Path=/api; HttpOnly; Secure; SameSite=Strict",
        }
    }

    /// The cookie that keeps a login until it ends; `None` never, since tokens are base64url.
    pub(super) fn keep(self, token: &str, lasts: SignedDuration) -> Option<HeaderValue> {
        let (name, attributes) = (self.name(), self.attributes());
        let seconds = lasts.as_secs().max(0);
        let cookie = format!("{name}={token}; Max-Age={seconds}; {attributes}");
        let mut cookie = HeaderValue::try_from(cookie).ok()?;
        cookie.set_sensitive(true);
        Some(cookie)
    }

    /// Takes the cookie away.
    pub(super) fn forget(self) -> [(HeaderName, HeaderValue); 1] {
        let (name, attributes) = (self.name(), self.attributes());
        let gone = HeaderValue::try_from(format!("{name}=; Max-Age=0; {attributes}"));
        [(SET_COOKIE, gone.unwrap_or(HeaderValue::from_static("")))]
    }

    /// The token that a request's cookie carries.
    pub(super) fn token_in(self, headers: &HeaderMap) -> Option<String> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(';'))
            .find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                (name == self.name() && !value.is_empty()).then(|| value.to_owned())
            })
    }
}

fn is_secure(headers: &HeaderMap) -> bool {
    headers
        .get(FORWARDED_PROTO)
        .is_some_and(|proto| proto == "https")
}

/// Whether the page that asks is the shop's own (RFC 6454): its origin has the host and the port
/// that were asked for. A port that is not written is the scheme's own.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let origin = headers.get(ORIGIN).and_then(text);
    let host = headers.get(FORWARDED_HOST).or_else(|| headers.get(HOST));
    let (Some(origin), Some(host)) = (origin, host.and_then(text)) else {
        return false;
    };
    let (Ok(origin), Ok(host)) = (origin.parse::<Uri>(), host.parse::<Authority>()) else {
        return false;
    };
    let Some(of_scheme) = origin.scheme().and_then(default_port) else {
        return false;
    };
    // Without a proxy that is trusted, nobody knows but the page whether there is TLS before us.
    let of_host = if is_secure(headers) { 443 } else { of_scheme };
    let same_host = origin
        .host()
        .is_some_and(|name| name.eq_ignore_ascii_case(host.host()));
    same_host && origin.port_u16().unwrap_or(of_scheme) == host.port_u16().unwrap_or(of_host)
}

fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::try_from(*value).unwrap(),
            )
        };
        list.iter().map(pair).collect()
    }

    #[test]
    fn only_the_shops_own_pages_are_of_its_origin() {
        fn own(list: &[(&'static str, &str)]) -> bool {
            is_own_origin(&headers(list))
        }
        assert!(own(&[
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080")
        ]));
        assert!(own(&[
            ("origin", "https://Shop.example"),
            ("host", "shop.example")
        ]));
        let behind = [
            ("origin", "https://shop.example"),
            ("host", "10.0.0.7:8081"),
        ];
        assert!(!own(&behind));
        assert!(own(&[
            behind[0],
            behind[1],
            ("x-forwarded-host", "shop.example")
        ]));
        for foreign in [
            "https://evil.example",
            "https://shop.example.evil.example",
            "null",
            "",
        ] {
            assert!(
                !own(&[("origin", foreign), ("host", "shop.example")]),
                "{foreign}"
            );
        }
        for (origin, host, same) in [
            ("https://shop.example", "shop.example:443", true),
            ("https://shop.example:443", "shop.example", true),
            ("http://shop.example", "shop.example:80", true),
            ("https://shop.example", "shop.example:80", false),
            ("https://shop.example:8443", "shop.example", false),
            ("http://[::1]:8080", "[::1]:8080", true),
        ] {
            assert_eq!(
                own(&[("origin", origin), ("host", host)]),
                same,
                "{origin} {host}"
            );
        }
        let plain_page = [
            ("origin", "http://shop.example"),
            ("host", "shop.example"),
            ("x-forwarded-proto", "https"),
        ];
        assert!(!own(&plain_page), "another origin than the one asked for");
        assert!(!own(&[("host", "shop.example")]));
        assert!(!own(&[("origin", "https://shop.example")]));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |text| Cookie::Plain.token_in(&headers(&[("cookie", text)]));
        assert_eq!(
            found("a=1; quadrille_refresh=T-_9; b=2").as_deref(),
            Some("T-_9")
        );
        for none in [
            "",
            "quadrille_refresh=",
            "quadrille_refresh",
            "xquadrille_refresh=1",
            "__Host-quadrille_refresh=1",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
