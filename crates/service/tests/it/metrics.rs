//! Metrics beside the service's routes, or on a port of their own and then nowhere else.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use service::config::HttpSettings;
use service::health::Health;
use service::http::{self, layers, serve_metrics};
use service::lifecycle::Lifecycle;
use service::telemetry;

use crate::support::{self, Answer};

/// The routes of a service whose metrics are at `metrics_listen`.
fn routes(metrics_listen: Option<SocketAddr>) -> Router {
    let settings = HttpSettings {
        metrics_listen,
        ..HttpSettings::default()
    };
    let router = Router::new()
        .route("/here", get(async || "here"))
        .merge(Health::new().routes());
    layers(router, "metrics-test", &settings)
}

fn free() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// What a server that listens at `address` says.
async fn ask(address: SocketAddr, method: Method, path: &str) -> Answer {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, format!("http://{address}{path}"));
    let response = request.send().await.unwrap();
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

#[tokio::test]
async fn without_a_port_of_their_own_they_are_among_the_routes() {
    telemetry::install_metrics();
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    let settings = HttpSettings::default();
    let served = serve_metrics(&settings, &lifecycle).await.unwrap();
    assert_eq!(served, None);
    let router = routes(None);
    support::get(&router, "/here").await;
    let answer = support::get(&router, "/metrics").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(
        answer.text.contains(r#"http_route="/here""#),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn with_one_they_are_unknown_among_the_routes_and_alone_there() {
    telemetry::install_metrics();
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    let settings = HttpSettings {
        metrics_listen: Some(free()),
        ..HttpSettings::default()
    };
    let address = serve_metrics(&settings, &lifecycle).await.unwrap().unwrap();
    let router = routes(settings.metrics_listen);
    support::get(&router, "/here").await;
    for hidden in [
        support::get(&router, "/metrics").await,
        support::post(&router, "/metrics", "{}").await,
    ] {
        assert_eq!(hidden.status.as_u16(), 404);
        assert_eq!(hidden.problem().0, "not-found");
        assert!(!hidden.text.contains("http_server"), "{}", hidden.text);
    }
    for there in ["/livez", "/readyz", "/here"] {
        let answer = support::get(&router, there).await;
        assert_eq!(answer.status.as_u16(), 200, "{there}");
    }

    let answer = ask(address, Method::GET, "/metrics").await;
    assert_eq!(answer.status.as_u16(), 200);
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    assert!(
        answer.text.contains(r#"service="metrics-test""#),
        "{}",
        answer.text
    );
    for path in ["/", "/here", "/livez", "/readyz", "/metrics/x"] {
        let answer = ask(address, Method::GET, path).await;
        assert_eq!(answer.problem().0, "not-found", "{path}");
    }
    let answer = ask(address, Method::POST, "/metrics").await;
    assert_eq!(answer.problem().0, "method-not-allowed");
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_setting_that_chooses_another() {
    let taken = http::bind(free()).await.unwrap();
    let address = taken.local_addr().unwrap();
    let settings = HttpSettings {
        metrics_listen: Some(address),
        ..HttpSettings::default()
    };
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    let refused = serve_metrics(&settings, &lifecycle).await.unwrap_err();
    let text = refused.to_string();
    for word in [
        address.to_string().as_str(),
        "--metrics-listen",
        "QUADRILLE_METRICS_LISTEN",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
