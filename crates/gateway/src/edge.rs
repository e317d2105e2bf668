//! The router: what is asked of a request before it goes to its service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::{HeaderValue, header};
use service::config::HttpSettings;
use service::health::Health;
use service::http::{Problem, middleware};
use service::token::{Caller, Verifier};
use tokio_util::sync::CancellationToken;

use crate::access::{self, Access, Rule};
use crate::limits::Limits;
use crate::proxy::Proxy;
use crate::web::Web;
use crate::{Error, Settings, Shop, docs, forwarded, openapi, operations, security_headers};

struct Edge {
    proxy: Proxy,
    verifier: Verifier,
    limits: Arc<Limits>,
    trust_forwarded_for: bool,
}

/// How much later than the proxy the middleware gives up: the proxy's refusal names the service.
const MIDDLEWARE_MARGIN: Duration = Duration::from_secs(5);

pub(crate) fn router(
    settings: &Settings,
    shop: Shop,
    limits: Arc<Limits>,
    soft: CancellationToken,
) -> Result<Router, Error> {
    let rules = access::table(&shop.services)?;
    let addresses = settings.upstreams.resolve(&shop.services)?;
    let edge = Edge {
        proxy: Proxy::new(settings, &shop, &addresses, soft),
        verifier: Verifier::new(&settings.tokens),
        limits,
        trust_forwarded_for: settings.trust_forwarded_for,
    };
    let mut router = Router::new();
    for rule in rules {
        // Only the standard methods are in the table.
        if let Ok(method) = MethodFilter::try_from(rule.method.clone()) {
            let path = rule.path.clone();
            let rule = Arc::new(rule);
            let handler = async move |State(edge): State<Arc<Edge>>, request: Request| {
                edge.answer(&rule, request).await
            };
            router = router.route(&path, on(method, handler));
        }
    }
    let metrics = match &settings.upstream_metrics {
        Some(metrics) => metrics.resolve(&shop.services)?,
        None => addresses.clone(),
    };
    let openapi = openapi::merged(&shop.services);
    let operations = operations::routes(shop.choreography, addresses, metrics, &edge.verifier);
    let web = Web::new(settings.web_root.as_deref());
    let router = router
        .with_state(Arc::new(edge))
        .merge(docs::routes(&openapi).map_err(Error::Description)?)
        .merge(operations)
        .merge(Health::new().routes())
        .fallback(async move |request: Request| web.answer(request).await);
    let middleware_settings = HttpSettings {
        request_timeout: settings.http.request_timeout + MIDDLEWARE_MARGIN,
        ..settings.http.clone()
    };
    Ok(middleware(router, "gateway", &middleware_settings))
}

impl Edge {
    async fn answer(&self, rule: &Rule, request: Request) -> Response {
        let mut response = match self.admit(rule, request).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        };
        security_headers::mark_api(response.headers_mut());
        response
    }

    async fn admit(&self, rule: &Rule, request: Request) -> Result<Response, Problem> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        let caller_ip = forwarded::caller(request.headers(), peer, self.trust_forwarded_for);
        self.limits.check_address(rule.limit, caller_ip)?;
        let caller = match &rule.access {
            Access::Everyone => None,
            Access::Members => Some(self.verifier.shared_caller(request.headers()).await?),
            Access::Roles(roles) => {
                let caller = self.verifier.shared_caller(request.headers()).await?;
                caller.require_any(roles)?;
                Some(caller)
            }
        };
        let account = caller.as_deref().map(|caller: &Caller| caller.account_id);
        self.limits.check_caller(account, caller_ip)?;
        let mut response = self
            .proxy
            .forward(rule, request, peer, self.trust_forwarded_for)
            .await?;
        if !matches!(rule.access, Access::Everyone) {
            // What one caller may see is not for a shared cache, whatever the service forgot to say.
            response
                .headers_mut()
                .entry(header::CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("no-store"));
        }
        Ok(response)
    }
}
