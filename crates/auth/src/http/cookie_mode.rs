//! The browser's way of holding a login: the refresh token in a cookie that no script can read.
//!
//! A client asks for it with `X-Session: cookie`. Other sites can't send that header without leave, and
//! the `Origin` is checked besides.

use axum::extract::FromRequestParts;
use http::header::{COOKIE, HOST, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Uri};
use jiff::SignedDuration;
use service::http::Problem;

const SESSION: HeaderName = HeaderName::from_static("x-session");
/// Set by the gateway to the host that the browser asked for.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const NAME: &str = "quadrille_refresh";
/// `Path`: the one prefix of all that needs it. `Secure`: browsers take `http://localhost` for safe.
const ATTRIBUTES: &str = "Path=/api; HttpOnly; Secure; SameSite=Strict";

/// How the refresh token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carriage {
    /// In JSON bodies, for programs.
    Body,
    /// In a cookie, for browsers.
    Cookie,
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
            return Ok(Self::Cookie);
        }
        Err(Problem::forbidden().detail(
            "with X-Session: cookie the Origin header has to name this shop's own address; \
             programs leave X-Session out and send the token in the body",
        ))
    }
}

/// The cookie that keeps a login until it ends; `None` never, since tokens are base64url.
pub(super) fn cookie_of(token: &str, lasts: SignedDuration) -> Option<HeaderValue> {
    let cookie = format!(
        "{NAME}={token}; Max-Age={}; {ATTRIBUTES}",
        lasts.as_secs().max(0)
    );
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// Takes the cookie away.
pub(super) fn forget() -> [(HeaderName, HeaderValue); 1] {
    let gone = HeaderValue::try_from(format!("{NAME}=; Max-Age=0; {ATTRIBUTES}"));
    [(SET_COOKIE, gone.unwrap_or(HeaderValue::from_static("")))]
}

/// The token that a request's cookie carries.
pub(super) fn cookie_in(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == NAME && !value.is_empty()).then(|| value.to_owned())
        })
}

/// Whether the page that asks is the shop's own (RFC 6454): its origin has the host that was asked for.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let origin = headers
        .get(ORIGIN)
        .and_then(|value| value.to_str().ok()?.parse::<Uri>().ok());
    let host = headers.get(FORWARDED_HOST).or_else(|| headers.get(HOST));
    let host = host.and_then(|value| value.to_str().ok());
    match (origin.as_ref().and_then(Uri::authority), host) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host),
        _ => false,
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
        assert!(!own(&[("host", "shop.example")]));
        assert!(!own(&[("origin", "https://shop.example")]));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |text| cookie_in(&headers(&[("cookie", text)]));
        assert_eq!(
            found("a=1; quadrille_refresh=T-_9; b=2").as_deref(),
            Some("T-_9")
        );
        for none in [
            "",
            "quadrille_refresh=",
            "quadrille_refresh",
            "xquadrille_refresh=1",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
