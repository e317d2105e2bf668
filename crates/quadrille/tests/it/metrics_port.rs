//! A role's metrics on a port of their own, as the process that is deployed has them.

use std::net::TcpListener;

use crate::gateway::Gateway;
use crate::{quadrille, stderr};

#[tokio::test]
async fn the_public_port_does_not_show_them() {
    let line = ["serve", "gateway", "--listen=127.0.0.1:0"];
    let mut command = quadrille(&line);
    let mut gateway = Gateway::start(command.env("QUADRILLE_METRICS_LISTEN", "127.0.0.1:0"));
    let own = gateway.address("metrics are served on a port of their own");
    let public = gateway.address("the gateway listens");

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |address: &str, path: &str| {
        let answer = client.get(format!("http://{address}{path}")).send().await;
        let answer = answer.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get(&public, "/livez").await.0, 200);
    let (status, text) = get(&public, "/metrics").await;
    assert_eq!(status, 404, "{text}");
    assert!(text.contains(r#""code":"not-found""#), "{text}");
    let (status, text) = get(&own, "/metrics").await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("gateway_upstream_failures_total"), "{text}");
    assert_eq!(get(&own, "/").await.0, 404);
}

#[test]
fn a_taken_port_is_refused_by_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let elsewhere = tempfile::tempdir().unwrap();
    for command in [&["serve", "orders"][..], &["up"]] {
        let output = quadrille(command)
            .current_dir(&elsewhere)
            .env("QUADRILLE_METRICS_LISTEN", &address)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let text = stderr(&output);
        assert!(
            text.contains(&address) && text.contains("--metrics-listen"),
            "{command:?}: {text}"
        );
    }
}
