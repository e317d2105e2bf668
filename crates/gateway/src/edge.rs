//! The router: what is asked of a request before it goes to its service.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::{HeaderValue, header};
use service::config::HttpSettings;
use service::health::Health;
use service::http::{Problem, middleware};
use service::token::Verifier;
use tokio_util::sync::CancellationToken;

use crate::access::{self, Access, Rule};
use crate::callers::Callers;
use crate::forwarded::{self, ClientInfo};
use crate::limits::Limits;
use crate::proxy::Proxy;
use crate::web::Web;
use crate::{Error, Settings, Shop, docs, front, openapi, operations};

struct Edge {
    proxy: Proxy,
    callers: Callers,
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
    let callers = Callers {
        verifier: Verifier::new(&settings.tokens),
        limits: Arc::clone(&limits),
    };
    let edge = Edge {
        proxy: Proxy::new(settings, &shop, &addresses, soft),
        callers: callers.clone(),
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
    let operations = operations::routes(shop.choreography, addresses, metrics, callers);
    let web = Web::new(settings.web_root.as_deref())?;
    let router = router
        .with_state(Arc::new(edge))
        .merge(docs::routes(&openapi).map_err(Error::Description)?)
        .merge(operations)
        .merge(Health::new().probes())
        .fallback(async move |request: Request| web.answer(request).await)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn_with_state(limits, front::check));
    let middleware_settings = HttpSettings {
        request_timeout: settings.http.request_timeout + MIDDLEWARE_MARGIN,
        ..settings.http.clone()
    };
    let proxies = Arc::new(settings.edge.proxies.clone());
    Ok(middleware(router, "gateway", &middleware_settings)
        .layer(from_fn_with_state(proxies, forwarded::identify)))
}

impl Edge {
    async fn answer(&self, rule: &Rule, request: Request) -> Response {
        let admitted = self.admit(rule, request).await;
        admitted.unwrap_or_else(IntoResponse::into_response)
    }

    async fn admit(&self, rule: &Rule, request: Request) -> Result<Response, Problem> {
        let client = request.extensions().get::<ClientInfo>();
        let address = client.and_then(|client| client.address);
        self.callers.limits.check_route(rule.limit, address)?;
        let roles: &[_] = match &rule.access {
            Access::Everyone => return self.proxy.forward(rule, request).await,
            Access::Members => &[],
            Access::Roles(roles) => roles,
        };
        self.callers
            .admit(request.headers(), address, roles)
            .await?;
        let mut response = self.proxy.forward(rule, request).await?;
        // What one caller may see is not for a shared cache, whatever the service forgot to say.
        response
            .headers_mut()
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        Ok(response)
    }
}
