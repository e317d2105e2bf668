//! One order is one story: every span from the browser's request to the last event, as a collector
//! gets them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use e2e::{Client, Shop, program};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually;

/// A span as it was told.
#[derive(Debug, Clone)]
struct Told {
    service: String,
    name: String,
    kind: SpanKind,
    trace: String,
    id: String,
    parent: String,
    /// Trace and span of each link.
    links: Vec<(String, String)>,
}

/// A collector: takes OTLP over HTTP and keeps every span.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<Told>>>);

impl Sink {
    /// Listens on a port of its own; says where.
    async fn open(&self) -> String {
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    fn of(&self, trace: &str) -> Vec<Told> {
        let mut all = self.spans();
        all.retain(|span| span.trace == trace);
        all
    }
}

async fn take(State(sink): State<Sink>, body: Bytes) -> impl IntoResponse {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut told = Vec::new();
    for of_process in request.resource_spans {
        let attributes = of_process.resource.unwrap_or_default().attributes;
        let name = attributes.into_iter().find(|it| it.key == "service.name");
        let service = match name.and_then(|it| it.value?.value) {
            Some(AnyValue::StringValue(name)) => name,
            other => panic!("a process without a name: {other:?}"),
        };
        let spans = of_process.scope_spans.into_iter().flat_map(|it| it.spans);
        told.extend(spans.map(|span| {
            Told {
                service: service.clone(),
                kind: span.kind(),
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                links: span
                    .links
                    .iter()
                    .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
                    .collect(),
                name: span.name,
            }
        }));
    }
    sink.0.lock().unwrap().extend(told);
    // An empty answer means that all was taken.
    (
        [(header::CONTENT_TYPE, "application/x-protobuf")],
        Vec::<u8>::new(),
    )
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Places an order under `traceparent` and waits until it is settled.
async fn order(user: &Client, traceparent: &str) -> Value {
    let body = json!({ "products": [{ "name": "cutlery", "quantity": 1 }] });
    let headers = [("traceparent", traceparent), ("prefer", "wait=20")];
    let answer = user
        .send(Method::POST, "/api/orders", Some(&body), &headers)
        .await
        .unwrap();
    assert_eq!(answer.text("status"), "ACCEPTED", "{answer:?}");
    answer.body
}

/// The browser's span, and the traces of an order that it wants told and of one that it does not.
const BROWSER: &str = "00f067aa0ba902b7";
const WANTED: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const UNWANTED: &str = "11f92f3577b34da6a3ce929d0e0e4711";

/// What an order's trace is made of: service, kind, name, and the name of the parent.
const STORY: [(&str, SpanKind, &str, &str); 19] = [
    ("gateway", SpanKind::Server, "POST /api/orders", "browser"),
    (
        "gateway",
        SpanKind::Client,
        "POST /api/orders",
        "gateway Server POST /api/orders",
    ),
    (
        "orders",
        SpanKind::Server,
        "POST /api/orders",
        "gateway Client POST /api/orders",
    ),
    (
        "orders",
        SpanKind::Internal,
        "commit order",
        "orders Server POST /api/orders",
    ),
    (
        "orders",
        SpanKind::Producer,
        "publish OrderCreate",
        "orders Internal commit order",
    ),
    (
        "products",
        SpanKind::Consumer,
        "process OrderCreate",
        "orders Internal commit order",
    ),
    (
        "products",
        SpanKind::Producer,
        "publish OrderStatusUpdate",
        "products Consumer process OrderCreate",
    ),
    (
        "products",
        SpanKind::Producer,
        "publish ProductsQuantityUpdate",
        "products Consumer process OrderCreate",
    ),
    (
        "orders",
        SpanKind::Consumer,
        "process OrderStatusUpdate",
        "products Consumer process OrderCreate",
    ),
    (
        "orders",
        SpanKind::Producer,
        "publish OrderUpdate",
        "orders Consumer process OrderStatusUpdate",
    ),
    // Passed over, as a part of its batch.
    (
        "products",
        SpanKind::Consumer,
        "process OrderUpdate",
        "orders Consumer process OrderStatusUpdate",
    ),
    (
        "orders",
        SpanKind::Consumer,
        "process ProductsQuantityUpdate",
        "products Consumer process OrderCreate",
    ),
    (
        "carts",
        SpanKind::Consumer,
        "process ProductsQuantityUpdate",
        "products Consumer process OrderCreate",
    ),
    (
        "carts",
        SpanKind::Consumer,
        "process OrderCreate",
        "orders Internal commit order",
    ),
    (
        "carts",
        SpanKind::Consumer,
        "process OrderUpdate",
        "orders Consumer process OrderStatusUpdate",
    ),
    (
        "notifications",
        SpanKind::Consumer,
        "process OrderCreate",
        "orders Internal commit order",
    ),
    (
        "notifications",
        SpanKind::Consumer,
        "process OrderUpdate",
        "orders Consumer process OrderStatusUpdate",
    ),
    (
        "payments",
        SpanKind::Consumer,
        "process OrderCreate",
        "orders Internal commit order",
    ),
    (
        "payments",
        SpanKind::Consumer,
        "process OrderUpdate",
        "orders Consumer process OrderStatusUpdate",
    ),
];

fn title(span: &Told) -> String {
    format!("{} {:?} {}", span.service, span.kind, span.name)
}

/// Starts a shop whose processes tell `collector` their spans and log into `folder`.
async fn open_shop(collector: String, folder: &Path) -> Shop {
    let connection = crate::shared_connection().await;
    let shop = Shop::new(connection, program().unwrap(), Some(folder.to_owned()))
        .with_environment(vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector),
            ("OTEL_BSP_SCHEDULE_DELAY", "200".to_owned()),
            ("RUST_LOG", "warn,order=info".to_owned()),
        ])
        .open(1, 1, &e2e::UNLIMITED)
        .unwrap();
    shop.seed().await.unwrap();
    shop.wait_until_ready().await.unwrap();
    shop
}

/// What each span of `story` is called, and the browser's.
fn titles(story: &[Told]) -> BTreeMap<String, String> {
    story
        .iter()
        .map(|span| (span.id.clone(), title(span)))
        .chain([(BROWSER.to_owned(), "browser".to_owned())])
        .collect()
}

/// Nothing else belongs to the order, and each has the parent that caused it.
fn each_has_its_parent(story: &[Told]) {
    let titles = titles(story);
    let mut found: Vec<_> = story
        .iter()
        .map(|span| (title(span), titles.get(&span.parent).cloned()))
        .collect();
    let mut expected: Vec<_> = STORY
        .iter()
        .map(|(service, kind, name, parent)| {
            let title = format!("{service} {kind:?} {name}");
            (title, Some((*parent).to_owned()))
        })
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// Messages are dealt with in batches, which have traces of their own, and both know it.
async fn each_knows_its_batch(sink: &Sink, story: &[Told]) {
    let in_batches = [SpanKind::Internal, SpanKind::Producer, SpanKind::Consumer];
    for of_one in story.iter().filter(|span| in_batches.contains(&span.kind)) {
        let [(batch_trace, id)] = of_one.links.as_slice() else {
            panic!("{} has no batch: {:?}", title(of_one), of_one.links);
        };
        let told = || sink.spans().into_iter().find(|span| span.id == *id);
        eventually("the batch is told", || async { told().is_some() }).await;
        let batch = told().unwrap();
        assert_eq!((&batch.service, batch.kind), (&of_one.service, of_one.kind));
        assert!(batch.name.ends_with(" batch"), "{}", title(&batch));
        assert_eq!(batch.trace, *batch_trace);
        assert!(
            batch.trace != WANTED && batch.parent.is_empty(),
            "{batch:?}"
        );
        let link = (WANTED.to_owned(), of_one.parent.clone());
        assert!(
            batch.links.contains(&link),
            "{batch:?} does not know {of_one:?}"
        );
    }
}

/// The order's log lines name its trace and the span that they come from.
async fn each_line_names_its_span(folder: &Path, story: &[Told], order: &Value) {
    let titles = titles(story);
    for (part, message, span) in [
        ("orders-0", "placed", "orders Internal commit order"),
        (
            "products-0",
            "accepted",
            "products Consumer process OrderCreate",
        ),
        (
            "orders-0",
            "settled",
            "orders Consumer process OrderStatusUpdate",
        ),
    ] {
        let file = folder.join(format!("{part}.log"));
        let line = || {
            let text = std::fs::read_to_string(&file).unwrap();
            let lines = text.lines().map(serde_json::from_str::<Value>);
            lines
                .flatten()
                .find(|line| line["message"] == message && line["order_id"] == order["id"])
        };
        eventually("the line is written", || async { line().is_some() }).await;
        let line = line().unwrap();
        assert_eq!(line["trace_id"], WANTED, "{line}");
        let id = line["span_id"].as_str().unwrap();
        assert_eq!(titles.get(id).map(String::as_str), Some(span), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_story_from_the_request_to_the_last_event() {
    let sink = Sink::default();
    let folder = tempfile::tempdir().unwrap();
    let shop = open_shop(sink.open().await, folder.path()).await;
    let user = shop.user().await.unwrap();

    order(&user, &format!("00-{UNWANTED}-{BROWSER}-00")).await;
    let placed = order(&user, &format!("00-{WANTED}-{BROWSER}-01")).await;
    eventually("every span of the order is told", || async {
        let story = sink.of(WANTED);
        STORY.iter().all(|(service, kind, name, _)| {
            let wanted = format!("{service} {kind:?} {name}");
            story.iter().any(|span| title(span) == wanted)
        })
    })
    .await;
    let story = sink.of(WANTED);
    each_has_its_parent(&story);
    each_knows_its_batch(&sink, &story).await;
    each_line_names_its_span(folder.path(), &story, &placed).await;

    // The processes' last spans are told at their end.
    shop.stop().await.unwrap();
    let unwanted = sink.of(UNWANTED);
    assert!(unwanted.is_empty(), "nobody wanted these: {unwanted:?}");
    assert_eq!(sink.of(WANTED).len(), STORY.len());
    let spans = sink.spans();
    let probes = spans.iter().filter(|span| span.name.contains("/readyz"));
    assert_eq!(probes.count(), 0, "probes fill the trace store");
}
