//! Bodies pass through while they grow.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::StreamExt;
use http::header;
use service::token::Role;
use tokio::sync::mpsc;

use crate::support::{PLACES, Place, Shop};

/// A stream of events that goes on for as long as the returned sender lives.
fn events() -> (Router, mpsc::Sender<Bytes>) {
    let (sender, receiver) = mpsc::channel(8);
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(Some(receiver)));
    let router = Router::new().route(
        "/api/orders/stream",
        get(async move || {
            let receiver: mpsc::Receiver<Bytes> = receiver.lock().await.take().unwrap();
            let chunks = futures::stream::unfold(receiver, async |mut receiver| {
                let chunk = receiver.recv().await?;
                Some((Ok::<_, Infallible>(chunk), receiver))
            });
            (
                [(header::CONTENT_TYPE, "text/event-stream")],
                Body::from_stream(chunks),
            )
                .into_response()
        }),
    );
    (router, sender)
}

#[tokio::test]
async fn an_event_arrives_before_the_stream_ends_and_after_the_timeout() {
    for place in PLACES {
        arrives_before_the_end(place).await;
    }
}

async fn arrives_before_the_end(place: Place) {
    let (router, sender) = events();
    let timeout = Duration::from_millis(200);
    let shop = Shop::build(
        place,
        |settings| settings.http.request_timeout = timeout,
        router,
    )
    .await;
    let response = shop
        .get("/api/orders/stream")
        .bearer_auth(shop.token(Role::User))
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.bytes_stream();
    for n in 0..3 {
        let event = Bytes::from(format!("data: {n}\n\n"));
        sender.send(event.clone()).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), event);
        tokio::time::sleep(timeout).await;
    }
    drop(sender);
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_with_the_gateway() {
    for place in PLACES {
        ends_with_the_gateway(place).await;
    }
}

async fn ends_with_the_gateway(place: Place) {
    let (router, sender) = events();
    let shop = Shop::build(place, |_| {}, router).await;
    let response = shop
        .get("/api/orders/stream")
        .bearer_auth(shop.token(Role::User))
        .send()
        .await
        .unwrap();
    let mut body = response.bytes_stream();
    sender
        .send(Bytes::from_static(b"data: 1\n\n"))
        .await
        .unwrap();
    body.next().await.unwrap().unwrap();
    shop.lifecycle.trigger();
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn a_caller_who_leaves_frees_the_service() {
    for place in PLACES {
        is_freed(place).await;
    }
}

async fn is_freed(place: Place) {
    let (router, sender) = events();
    let shop = Shop::build(place, |_| {}, router).await;
    let response = shop
        .get("/api/orders/stream")
        .bearer_auth(shop.token(Role::User))
        .send()
        .await
        .unwrap();
    drop(response);
    tokio::time::timeout(Duration::from_secs(10), sender.closed())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_body_reaches_the_service_while_it_grows() {
    for place in PLACES {
        is_reached_meanwhile(place).await;
    }
}

async fn is_reached_meanwhile(place: Place) {
    let (seen, mut first) = mpsc::channel(1);
    let router = Router::new().route(
        "/api/orders",
        post(async move |request: Request| -> Response {
            let mut body = request.into_body().into_data_stream();
            seen.send(body.next().await.unwrap().unwrap())
                .await
                .unwrap();
            let mut rest = 0;
            while let Some(chunk) = body.next().await {
                rest += chunk.unwrap().len();
            }
            rest.to_string().into_response()
        }),
    );
    let shop = Shop::build(place, |_| {}, router).await;
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    let chunks = futures::stream::unfold(receiver, async |mut receiver| {
        let chunk = receiver.recv().await?;
        Some((Ok::<_, Infallible>(chunk), receiver))
    });
    let request = shop.post("/api/orders").bearer_auth(shop.token(Role::User));
    let answer = tokio::spawn(request.body(reqwest::Body::wrap_stream(chunks)).send());
    sender.send(Bytes::from_static(b"first")).await.unwrap();
    assert_eq!(first.recv().await.unwrap(), "first");
    sender.send(Bytes::from_static(b"more")).await.unwrap();
    drop(sender);
    assert_eq!(answer.await.unwrap().unwrap().text().await.unwrap(), "4");
}
