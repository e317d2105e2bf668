//! TLS that ends at the gateway.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, Version};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{Gate, Shop};

/// Writes a new certificate and its key; the certificate, to be trusted.
fn write_pair(folder: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), pair.cert.pem()).unwrap();
    pair.cert.der().clone()
}

async fn open(folder: &Path) -> Shop {
    let files = |gate: &mut Gate| {
        gate.tls_certificate_file = Some(folder.join("cert.pem"));
        gate.tls_key_file = Some(folder.join("key.pem"));
    };
    Shop::with(files, Router::new()).await
}

async fn connect(
    shop: &Shop,
    trusted: &CertificateDer<'static>,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(shop.address).await.unwrap();
    let name = ServerName::try_from("shop.example").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn told(response: Response<hyper::body::Incoming>) -> Value {
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(
        response.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(told["headers"]["x-forwarded-proto"], "https");
    assert_eq!(told["headers"]["x-forwarded-host"], "shop.example");
    told
}

#[tokio::test]
async fn the_version_of_http_is_agreed_on_and_services_hear_of_tls() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = write_pair(folder.path());
    let shop = open(folder.path()).await;

    let stream = connect(&shop, &trusted, &[b"h2", b"http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://shop.example/api/products").body(Body::empty());
    let response = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    told(response).await;

    let stream = connect(&shop, &trusted, &[b"http/1.1"]).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/api/products").header("host", "shop.example");
    let response = sender
        .send_request(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.version(), Version::HTTP_11);
    told(response).await;

    let plain = "GET /api/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(!raw_bytes(&shop, plain).await.starts_with("HTTP/1.1 200"));
}

/// What comes back may be an alert of TLS.
async fn raw_bytes(shop: &Shop, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_new_certificate_is_taken_while_the_gateway_runs() {
    let folder = tempfile::tempdir().unwrap();
    let old = write_pair(folder.path());
    let shop = open(folder.path()).await;
    assert!(connect(&shop, &old, &[]).await.is_ok());
    let new = write_pair(folder.path());
    let taken = async {
        while connect(&shop, &new, &[]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), taken)
        .await
        .unwrap();
    assert!(connect(&shop, &old, &[]).await.is_err());
}

#[tokio::test]
async fn without_a_usable_pair_the_gateway_does_not_start_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let settings = gateway::Settings {
            tls_certificate_file: Some(folder.path().join("cert.pem")),
            tls_key_file: Some(folder.path().join("key.pem")),
            ..gateway::Settings::default()
        };
        let lifecycle = service::lifecycle::Lifecycle::new(Duration::from_secs(1));
        let started = gateway::start(settings, gateway::Shop::default(), &lifecycle, None);
        started.await.unwrap_err().to_string()
    };
    let refused = start().await;
    assert!(
        refused.contains("--tls-certificate-file") && refused.contains("cert.pem"),
        "{refused}"
    );
    write_pair(folder.path());
    std::fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
    let refused = start().await;
    assert!(refused.contains("key.pem has no private key"), "{refused}");
    let other = tempfile::tempdir().unwrap();
    write_pair(other.path());
    std::fs::copy(other.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
    let refused = start().await;
    assert!(refused.contains("do not fit together"), "{refused}");
}
