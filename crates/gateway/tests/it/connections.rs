//! Clients who keep the gateway waiting.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures::StreamExt;
use serde_json::Value;
use service::token::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::support::{Gate, Place, Shop, raw};

const HALF_A_HEAD: &str = "GET /api/products HTTP/1.1\r\nhost: x\r\n";
const WHOLE: &str = "GET /api/products HTTP/1.1\r\nhost: x\r\n\r\n";
/// Longer than any limit that is set here.
const PATIENCE: Duration = Duration::from_secs(30);

fn impatient(gate: &mut Gate) {
    let limits = &mut gate.edge.connections;
    limits.head_timeout = Duration::from_millis(300);
    limits.idle_timeout = Duration::from_millis(300);
    limits.stall_timeout = Duration::from_millis(300);
}

/// How many connections were ended for this reason. Each test has a process of its own.
fn ended(reason: &str) -> u64 {
    let series = format!(r#"http_server_connections_ended_total{{reason="{reason}"}} "#);
    let metrics = service::telemetry::metrics_text();
    let count = metrics.lines().find_map(|line| line.strip_prefix(&series));
    count
        .unwrap_or_else(|| panic!("{metrics}"))
        .parse()
        .unwrap()
}

async fn connected(shop: &Shop, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// What comes until the gateway ends the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = stream.read_to_end(&mut text);
    let ended = tokio::time::timeout(PATIENCE, read).await;
    // A connection that is reset has ended too.
    let _ = ended.expect("the gateway keeps the connection open");
    // Frames of HTTP/2 are no text.
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn half_a_head_silence_and_an_idle_connection_are_closed() {
    service::telemetry::install_metrics();
    let shop = Shop::with(impatient, Router::new()).await;
    for sent in ["", "GE", HALF_A_HEAD, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let answer = until_closed(&mut connected(&shop, sent).await).await;
        assert!(!answer.contains("200"), "{sent:?}: {answer}");
    }
    let kept = until_closed(&mut connected(&shop, WHOLE).await).await;
    assert!(kept.starts_with("HTTP/1.1 200 "), "{kept}");
    let half_of_the_next = format!("{WHOLE}{HALF_A_HEAD}");
    let kept = until_closed(&mut connected(&shop, &half_of_the_next).await).await;
    assert_eq!(kept.matches("HTTP/1.1 200 ").count(), 1, "{kept}");
    assert_eq!(shop.reached(), 2);
    assert!(ended("head") >= 3, "{}", ended("head"));
    assert!(ended("idle") >= 1, "{}", ended("idle"));
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let shop = Shop::with(impatient, Router::new()).await;
    let mut stream = connected(&shop, HALF_A_HEAD).await;
    let drip = async {
        let mut every = tokio::time::interval(Duration::from_millis(50));
        loop {
            every.tick().await;
            if stream.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, drip)
        .await
        .expect("it is waited for");
    assert_eq!(shop.reached(), 0);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_408() {
    let settings = service::config::HttpSettings::default();
    let read =
        axum::routing::post(async |service::http::Json(_): service::http::Json<Value>| "read");
    let orders = service::http::layers(Router::new().route("/api/orders", read), "o", &settings);
    for place in [Place::Apart, Place::InProcess] {
        let change = |gate: &mut Gate| {
            impatient(gate);
            if matches!(place, Place::InProcess) {
                gate.shop.in_process.insert("orders", orders.clone().into());
            }
        };
        let shop = Shop::build(place, change, Router::new()).await;
        let request = format!(
            "POST /api/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
            shop.token(Role::User)
        );
        let answer = until_closed(&mut connected(&shop, &request).await).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{place:?}: {answer}");
        assert!(answer.contains("body-timeout"), "{answer}");
    }
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_given_up() {
    service::telemetry::install_metrics();
    let over = CancellationToken::new();
    let over_with_it = over.clone();
    let endless = get(async move || {
        let guard = over_with_it.clone().drop_guard();
        let chunk = vec![b'x'; 64 * 1024];
        let stream = futures::stream::repeat_with(move || {
            let _kept_with_the_stream = &guard;
            Ok::<_, Infallible>(chunk.clone())
        });
        Body::from_stream(stream)
    });
    let extra = Router::new().route("/api/orders", endless);
    let shop = Shop::with(impatient, extra).await;
    let request = format!(
        "GET /api/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        shop.token(Role::User)
    );
    let stream = connected(&shop, &request).await;
    let given_up = tokio::time::timeout(PATIENCE, over.cancelled()).await;
    given_up.expect("the answer is held");
    assert!(ended("stalled") >= 1, "{}", ended("stalled"));
    drop(stream);
}

#[tokio::test]
async fn a_stream_that_goes_on_outlives_every_limit() {
    let events = get(async || {
        let events = futures::stream::unfold(0, async |n| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (n < 12).then(|| (Ok::<_, Infallible>(format!("data: {n}\n\n")), n + 1))
        });
        (
            [("content-type", "text/event-stream")],
            Body::from_stream(events),
        )
    });
    let extra = Router::new().route("/api/orders/stream", events);
    let shop = Shop::with(impatient, extra).await;
    let stream = shop
        .get("/api/orders/stream")
        .bearer_auth(shop.token(Role::User));
    let mut chunks = stream.send().await.unwrap().bytes_stream();
    let mut text = String::new();
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    assert!(text.ends_with("data: 11\n\n"), "{text}");
}

#[tokio::test]
async fn slow_clients_make_room_for_others() {
    service::telemetry::install_metrics();
    for (of_an_address, in_all) in [(5, 1000), (0, 5)] {
        let change = |gate: &mut Gate| {
            gate.edge.connections.max_connections_per_address = of_an_address;
            gate.edge.connections.max_connections = in_all;
        };
        let shop = Shop::with(change, Router::new()).await;
        let mut slow = Vec::new();
        for _ in 0..30 {
            slow.push(connected(&shop, HALF_A_HEAD).await);
        }
        let closed = format!("{HALF_A_HEAD}connection: close\r\n\r\n");
        let answer = raw(&shop, &closed).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        for stream in &mut slow[..25] {
            assert_eq!(until_closed(stream).await, "");
        }
        // Those that were left are still served.
        let last = slow.last_mut().unwrap();
        last.write_all(b"connection: close\r\n\r\n").await.unwrap();
        assert!(until_closed(last).await.starts_with("HTTP/1.1 200 "));
    }
    assert_eq!(ended("displaced"), 2 * 26);
}

#[tokio::test]
async fn when_all_are_at_work_a_new_connection_is_refused() {
    service::telemetry::install_metrics();
    let (reached, go_on) = (CancellationToken::new(), CancellationToken::new());
    let (reaches, goes_on) = (reached.clone(), go_on.clone());
    let work = get(async move || {
        reaches.cancel();
        goes_on.cancelled().await;
        "done"
    });
    let change = |gate: &mut Gate| gate.edge.connections.max_connections = 1;
    let shop = Shop::with(change, Router::new().route("/api/orders", work)).await;
    let request = format!(
        "GET /api/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        shop.token(Role::User)
    );
    let mut working = connected(&shop, &request).await;
    let in_flight = tokio::time::timeout(PATIENCE, reached.cancelled()).await;
    in_flight.expect("the request is not served");
    let mut new = TcpStream::connect(shop.address).await.unwrap();
    assert_eq!(until_closed(&mut new).await, "");
    assert_eq!(ended("refused"), 1);
    go_on.cancel();
    let answer = until_closed(&mut working).await;
    assert!(answer.ends_with("done"), "{answer}");
}

#[tokio::test]
async fn a_head_has_a_limited_size_and_a_limited_number_of_headers() {
    let shop = Shop::open().await;
    let with = |headers: String| format!("GET / HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    let large = with(format!("x: {}\r\n", "x".repeat(100_000)));
    let many = with("x: x\r\n".repeat(150));
    for request in [large, many] {
        let answer = until_closed(&mut connected(&shop, &request).await).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}
