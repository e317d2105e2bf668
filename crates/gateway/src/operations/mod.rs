//! What the services do at the moment, for the operators' page: who publishes what, who consumes
//! it, and the metrics.
//!
//! The gateway reads each instance's `/readyz` and `/metrics` when it is asked, and keeps nothing:
//! rates are made by whoever asks twice.

mod choreography;
mod metrics;
mod scrape;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use futures::future::join_all;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use service::http::{Problem, ProblemBody};
use service::token::Role;
use utoipa::ToSchema;

pub use choreography::{Choreography, Published, ServicePart, Subscribed, Topic};
use metrics::{Orders, ServiceMetrics};
use scrape::{Scraper, Seen};

use crate::access::OPERATIONS;
use crate::callers::Callers;
use crate::forwarded::ClientInfo;

/// What goes on in the shop.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Operations {
    /// When it was read, in milliseconds since 1970.
    at_millis: u64,
    /// The services, in the order of their contracts.
    services: Vec<Service>,
    /// The topics between them.
    topics: Vec<Topic>,
    /// What became of orders; absent while the orders service is out of reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<Orders>,
}

/// A service, its part in the choreography and its metrics.
#[derive(Debug, Serialize, ToSchema)]
struct Service {
    #[serde(flatten)]
    part: ServicePart,
    /// How many instances the gateway knows of.
    instances: usize,
    /// How many of them are ready.
    ready: usize,
    /// Its metrics; absent while none of its instances answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<ServiceMetrics>,
}

/// The instances of each service.
type Addresses = HashMap<&'static str, Vec<Authority>>;

pub(crate) struct Watch {
    scraper: Scraper,
    callers: Callers,
    choreography: Choreography,
    addresses: Addresses,
    metrics: Addresses,
}

/// The route of the operators' metrics.
pub(crate) fn routes(
    choreography: Choreography,
    addresses: Addresses,
    metrics: Addresses,
    callers: Callers,
) -> Router {
    let watch = Arc::new(Watch {
        scraper: Scraper::new(),
        callers,
        choreography,
        addresses,
        metrics,
    });
    Router::new()
        .route(OPERATIONS, get(operations))
        .with_state(watch)
}

/// What goes on in the shop
///
/// For admins: the services' contracts, whether they are ready, and their metrics as they stand.
#[utoipa::path(
    get, path = "/api/admin/operations", tag = "operations", security(("bearer" = ["admin"])),
    responses(
        (status = 200, description = "The metrics", body = Operations),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn operations(
    State(watch): State<Arc<Watch>>,
    client: Option<Extension<ClientInfo>>,
    headers: HeaderMap,
) -> Response {
    let address = client.and_then(|Extension(client)| client.address);
    let mut response = match watch.read(&headers, address).await {
        Ok(operations) => Json(operations).into_response(),
        Err(problem) => problem.into_response(),
    };
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Watch {
    async fn read(
        &self,
        headers: &HeaderMap,
        address: Option<IpAddr>,
    ) -> Result<Operations, Problem> {
        let admitted = self.callers.admit(headers, address, &[Role::Admin]);
        admitted.await?;
        let choreography = &self.choreography;
        let looked_at = join_all(choreography.services.iter().map(|part| self.look_at(part))).await;
        let mut orders = None;
        let mut services = Vec::with_capacity(looked_at.len());
        for (part, seen) in choreography.services.iter().zip(looked_at) {
            let texts: Vec<&str> = seen.metrics.iter().map(String::as_str).collect();
            if part.name == "orders" && !texts.is_empty() {
                orders = Some(Orders::read(&texts));
            }
            services.push(Service {
                part: part.clone(),
                instances: seen.instances,
                ready: seen.ready,
                metrics: (!texts.is_empty()).then(|| ServiceMetrics::read(&part.name, &texts)),
            });
        }
        Ok(Operations {
            at_millis: now(),
            services,
            topics: choreography.topics.clone(),
            orders,
        })
    }

    async fn look_at(&self, part: &ServicePart) -> Seen {
        let known = |addresses: &Addresses| addresses.get(part.name.as_str()).cloned();
        let (instances, metrics) = (known(&self.addresses), known(&self.metrics));
        self.scraper
            .look_at(&instances.unwrap_or_default(), &metrics.unwrap_or_default())
            .await
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
