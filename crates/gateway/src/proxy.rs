//! Passing a request on to its service and the answer back, both streaming.

use std::{error::Error, net::IpAddr, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use http::{
    HeaderMap, HeaderName, Uri,
    header::{self, CONNECTION},
    uri::{PathAndQuery, Scheme},
};
use http_body::Body as _;
use http_body_util::{LengthLimitError, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use service::http::{Problem, REQUEST_ID, RequestId};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings,
    access::{Rule, Upstream},
    forwarded, trace,
};

/// A connection that nobody used for this time is closed.
const IDLE: Duration = Duration::from_secs(30);
/// What a caller is told to wait when a service is away.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// These belong to one connection and not to the request (RFC 9110, section 7.6.1). `expect` is answered
/// by our own server when it reads the body.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

pub(crate) struct Proxy {
    client: Client<HttpConnector, Body>,
    settings: Settings,
    soft: CancellationToken,
}

impl Proxy {
    pub(crate) fn new(settings: &Settings, soft: CancellationToken) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.connect_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self {
            client,
            settings: settings.clone(),
            soft,
        }
    }

    /// Sends `request` to the service of `rule`.
    ///
    /// # Errors
    ///
    /// 413 when the body grows above the limit while it streams; 503 `unavailable` when the service is away
    /// and `timeout` when it does not begin to answer in time, both naming it.
    pub(crate) async fn forward(
        &self,
        rule: &Rule,
        mut request: Request,
        peer: Option<IpAddr>,
        trust_forwarded_for: bool,
    ) -> Result<Response, Problem> {
        *request.uri_mut() = self.target(rule, request.uri())?;
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(RequestId::to_header);
        let headers = request.headers_mut();
        strip_hop_by_hop(headers);
        headers.remove(header::HOST);
        headers.remove(header::EXPECT);
        forwarded::append(headers, peer, trust_forwarded_for);
        trace::ensure(headers);
        if let Some(id) = id {
            headers.insert(REQUEST_ID, id);
        }
        let limit = self.settings.http.body_limit_bytes;
        let request = request.map(|body| {
            if body.is_end_stream() {
                body
            } else {
                Body::new(Limited::new(body, limit))
            }
        });
        let answer = self.client.request(request);
        match tokio::time::timeout(self.settings.http.request_timeout, answer).await {
            Ok(Ok(response)) => Ok(self.passed_back(response.map(Body::new))),
            Ok(Err(error)) => Err(self.refused(rule.upstream, &error)),
            Err(_) => Err(late(rule.upstream)),
        }
    }

    fn target(&self, rule: &Rule, uri: &Uri) -> Result<Uri, Problem> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.settings.url_of(rule.upstream).authority().clone());
        parts.path_and_query = match rule.target {
            Some(path) => Some(PathAndQuery::from_static(path)),
            None => uri.path_and_query().cloned(),
        };
        Uri::from_parts(parts).map_err(|error| Problem::internal(&error))
    }

    fn passed_back(&self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        strip_hop_by_hop(&mut parts.headers);
        let kind = parts.headers.get(header::CONTENT_TYPE);
        let endless = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if !endless {
            return Response::from_parts(parts, body);
        }
        // A stream of events never ends by itself and would hold the shutdown until its deadline; browsers
        // come back by themselves.
        let ends = self.soft.clone().cancelled_owned();
        let events = body.into_data_stream().take_until(ends);
        (parts, Body::from_stream(events)).into_response()
    }

    fn refused(&self, upstream: Upstream, error: &hyper_util::client::legacy::Error) -> Problem {
        if causes(error).any(<dyn Error>::is::<LengthLimitError>) {
            return Problem::body_too_large(self.settings.http.body_limit_bytes);
        }
        let name = upstream.name();
        metrics::counter!("gateway_upstream_failures_total", "upstream" => name).increment(1);
        let cause = causes(error).last().map(ToString::to_string);
        tracing::warn!(upstream = name, cause, "the service is out of reach");
        let detail = if error.is_connect() {
            format!("{name} is out of reach; nothing was done, try again in a moment")
        } else {
            format!(
                "{name} broke off; the request may have taken effect, look before you try again"
            )
        };
        Problem::unavailable(RETRY_AFTER)
            .detail(detail)
            .with("service", name)
    }
}

fn late(upstream: Upstream) -> Problem {
    let name = upstream.name();
    metrics::counter!("gateway_upstream_failures_total", "upstream" => name).increment(1);
    Problem::timeout()
        .detail(format!(
            "{name} did not answer in time; the request may have taken effect, look before you try again"
        ))
        .with("service", name)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}
