//! Which host was asked for, over each version of HTTP.

use axum::body::Body;
use http::{Request, Version};
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::support::{PLACES, Shop, raw};

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_400() {
    let shop = Shop::open().await;
    for hosts in ["", "host: x\r\nhost: x\r\n", "host: \r\n", "host: a b\r\n"] {
        for path in ["/api/products", "/", "/nowhere"] {
            let request = format!("GET {path} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
            let answer = raw(&shop, &request).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{hosts:?}: {answer}");
            assert!(answer.contains("invalid-host"), "{answer}");
        }
    }
    let old = raw(&shop, "GET /api/products HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 "), "{old}");
    assert_eq!(shop.reached(), 1);
}

#[tokio::test]
async fn over_http_2_the_authority_is_the_host() {
    for place in PLACES {
        let shop = Shop::at(place).await;
        let stream = TcpStream::connect(shop.address).await.unwrap();
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let request = Request::post("http://shop.example:8080/api/login?a=1")
            .header("origin", "http://shop.example:8080")
            .header("x-session", "cookie")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Body::from("{}"))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        assert_eq!(response.status().as_u16(), 200);
        let told = response.into_body().collect().await.unwrap().to_bytes();
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(
            (&told["service"], &told["path"]),
            (&"auth".into(), &"/api/login?a=1".into())
        );
        assert_eq!(told["headers"]["x-forwarded-host"], "shop.example:8080");
        assert_eq!(told["headers"]["cookie"], "a=1; b=2");
        assert!(
            told["headers"]
                .get("host")
                .is_none_or(|host| host != "shop.example:8080")
        );
    }
}
