//! Where a request comes from, as the gateway tells.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderName;
use http::request::Parts;
use service::http::caller_key;

/// Written anew by the gateway: one address, whatever the caller had written.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The caller's address, of IPv6 its /64; without a gateway the peer's.
pub(super) struct ClientAddress(pub(super) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let told = parts.headers.get(FORWARDED_FOR);
        let told = told.and_then(|text| text.to_str().ok()?.parse().ok());
        let peer = || {
            let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
            Some(peer.0.ip())
        };
        Ok(Self(told.or_else(peer).map(caller_key)))
    }
}
