//! Passing a request on to its service and the answer back, both streaming.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header::{self, CONNECTION};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};
use http_body::Body as _;
use http_body_util::Limited;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use service::http::{InProcess, Problem, REQUEST_ID, RequestId};
use tokio_util::sync::CancellationToken;

use crate::access::Rule;
use crate::forwarded::ClientInfo;
use crate::instances::Instances;
use crate::{Settings, Shop, trace};

/// A connection that nobody used for this time is closed.
const IDLE: Duration = Duration::from_secs(30);
/// What a caller is told to wait when a service is away.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// These belong to one connection and not to the request (RFC 9110, section 7.6.1). `expect` is
/// answered by our own server when it reads the body.
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

/// The largest body that is held, so that another instance can be asked when one is away.
const HELD_BYTES: u64 = 64 * 1024;

pub(crate) struct Proxy {
    client: Client<HttpConnector, Body>,
    settings: Settings,
    backends: HashMap<&'static str, Backend>,
    soft: CancellationToken,
}

/// Where a service runs.
enum Backend {
    InProcess(InProcess),
    Instances(Instances),
}

impl Proxy {
    /// Passes requests on to the services of `shop`, which listen at `addresses`.
    pub(crate) fn new(
        settings: &Settings,
        shop: &Shop,
        addresses: &HashMap<&'static str, Vec<Authority>>,
        soft: CancellationToken,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.connect_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        describe(addresses.keys().copied());
        let backends = addresses.iter().map(|(name, addresses)| {
            let backend = match shop.in_process.get(name) {
                Some(service) => Backend::InProcess(service.clone()),
                None => Backend::Instances(Instances::new(addresses)),
            };
            (*name, backend)
        });
        Self {
            client,
            backends: backends.collect(),
            settings: settings.clone(),
            soft,
        }
    }

    /// Sends `request` to the service of `rule`.
    ///
    /// # Errors
    ///
    /// 413 when the body grows above the limit while it streams, 408 when it stops coming; 503
    /// `unavailable` when the service is away and `timeout` when it does not begin to answer in
    /// time, both naming it.
    pub(crate) async fn forward(
        &self,
        rule: &Rule,
        mut request: Request,
    ) -> Result<Response, Problem> {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(RequestId::to_header);
        let client = request.extensions().get::<ClientInfo>().copied();
        let headers = request.headers_mut();
        strip_hop_by_hop(headers);
        join_cookies(headers);
        if let Some(client) = client {
            client.tell(headers);
        }
        headers.remove(header::EXPECT);
        trace::ensure(headers);
        let span = trace::hop(headers, rule);
        if let Some(id) = id {
            headers.insert(REQUEST_ID, id);
        }
        let answer = self.ask(rule, request);
        let answer = match tokio::time::timeout(self.settings.http.request_timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(late(rule.service)),
        };
        trace::answered(span, &answer);
        answer
    }

    /// Asks the service of `rule`, wherever it runs.
    async fn ask(&self, rule: &Rule, mut request: Request) -> Result<Response, Problem> {
        match self.backends.get(rule.service) {
            // Its own middleware limits the body.
            Some(Backend::InProcess(service)) => {
                *request.uri_mut() = path(rule, request.uri()).into();
                Ok(self.passed_back(service.call(request).await))
            }
            Some(Backend::Instances(instances)) => {
                self.ask_instances(instances, rule, request).await
            }
            None => Err(Problem::unavailable(RETRY_AFTER)),
        }
    }

    /// Asks an instance; the next one when no connection could be made and the body is still ours.
    async fn ask_instances(
        &self,
        instances: &Instances,
        rule: &Rule,
        request: Request,
    ) -> Result<Response, Problem> {
        let limit = self.settings.http.body_limit_bytes;
        let (mut parts, body) = request.into_parts();
        // Whatever the caller speaks, services speak this.
        parts.version = Version::HTTP_11;
        let small = body
            .size_hint()
            .upper()
            .is_some_and(|most| most <= HELD_BYTES);
        let (held, mut streamed) = if small && instances.len() > 1 {
            let read = axum::body::to_bytes(body, limit).await;
            (
                Some(read.map_err(|error| Problem::of_unread_body(&error, limit))?),
                None,
            )
        } else if body.is_end_stream() {
            (None, Some(body))
        } else {
            (None, Some(Body::new(Limited::new(body, limit))))
        };
        for left in (0..instances.len()).rev() {
            let instance = instances.next();
            let Some(body) = held
                .as_ref()
                .map(|bytes| Body::from(bytes.clone()))
                .or_else(|| streamed.take())
            else {
                break;
            };
            let mut parts = parts.clone();
            parts.uri = target(rule, &parts.uri, instance)?;
            match self.client.request(Request::from_parts(parts, body)).await {
                Ok(response) => return Ok(self.passed_back(response.map(Body::new))),
                Err(error) => {
                    if error.is_connect() {
                        instances.away(instance);
                    }
                    if !error.is_connect() || held.is_none() || left == 0 {
                        return Err(self.refused(rule.service, &error));
                    }
                }
            }
        }
        Err(Problem::unavailable(RETRY_AFTER))
    }

    fn passed_back(&self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        strip_hop_by_hop(&mut parts.headers);
        let kind = parts.headers.get(header::CONTENT_TYPE);
        let endless = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if !endless {
            return Response::from_parts(parts, body);
        }
        // A stream of events never ends by itself and would hold the shutdown until its deadline;
        // browsers come back by themselves.
        let ends = self.soft.clone().cancelled_owned();
        let events = body.into_data_stream().take_until(ends);
        (parts, Body::from_stream(events)).into_response()
    }

    fn refused(&self, name: &'static str, error: &hyper_util::client::legacy::Error) -> Problem {
        if let Some(problem) = Problem::of_refused_body(error, self.settings.http.body_limit_bytes)
        {
            return problem;
        }
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

fn target(rule: &Rule, uri: &Uri, instance: &Authority) -> Result<Uri, Problem> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(instance.clone());
    parts.path_and_query = Some(path(rule, uri));
    Uri::from_parts(parts).map_err(|error| Problem::internal(&error))
}

fn path(rule: &Rule, uri: &Uri) -> PathAndQuery {
    match rule.target {
        Some(path) => PathAndQuery::from_static(path),
        None => uri
            .path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/")),
    }
}

/// Registers what is counted seldom, so that it is there with 0.
fn describe(services: impl Iterator<Item = &'static str>) {
    metrics::describe_counter!(
        "gateway_upstream_failures_total",
        metrics::Unit::Count,
        "Requests that a service did not answer"
    );
    for name in services {
        metrics::counter!("gateway_upstream_failures_total", "upstream" => name).increment(0);
    }
}

fn late(name: &'static str) -> Problem {
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

/// HTTP/2 may send cookies one by one; HTTP/1.1 has one list of them (RFC 9113 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<_> = headers.get_all(header::COOKIE).iter().collect();
    if cookies.len() < 2 {
        return;
    }
    let cookies: Vec<_> = cookies.into_iter().map(HeaderValue::as_bytes).collect();
    if let Ok(mut list) = HeaderValue::from_bytes(&cookies.join(&b"; "[..])) {
        list.set_sensitive(true);
        headers.insert(header::COOKIE, list);
    }
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
