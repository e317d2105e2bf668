//! Headers that tell browsers what a page may do. `nosniff` is in every answer already.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Everything from our own address, no inline script or style, no frames; `data:` for the small
/// images that are inside style sheets.
const PAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
/// The pages need nothing of what a device has.
const NO_DEVICES: HeaderValue = HeaderValue::from_static(
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
     microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), usb=()",
);
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
/// A year; other names of the domain are not ours to decide on.
const SECURE_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// For every answer to a request that came over TLS; browsers ignore it elsewhere (RFC 6797 8.1).
pub(crate) fn stay_secure(headers: &mut HeaderMap) {
    headers.insert(header::STRICT_TRANSPORT_SECURITY, SECURE_ONLY);
}

/// For pages and their files.
pub(crate) fn mark_page(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, PAGES);
    headers.insert(PERMISSIONS_POLICY, NO_DEVICES);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(OPENER_POLICY, SAME_ORIGIN);
    response
}
