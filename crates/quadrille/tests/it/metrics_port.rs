//! A role's metrics on a port of their own, as the process that is deployed has them.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Stdio};

use serde_json::Value;

use crate::{quadrille, stderr};

/// Ends with the value.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The address in the log line that says `message`.
fn output(lines: &mut BufReader<ChildStderr>, message: &str) -> String {
    let mut log = String::new();
    loop {
        let before = log.len();
        assert_ne!(
            lines.read_line(&mut log).unwrap(),
            0,
            "no `{message}` in: {log}"
        );
        let line: Value = serde_json::from_str(&log[before..]).unwrap();
        if line["message"] == message {
            return line["address"].as_str().unwrap().to_owned();
        }
    }
}

#[tokio::test]
async fn the_public_port_does_not_show_them() {
    let line = ["serve", "gateway", "--listen=127.0.0.1:0"];
    let child = quadrille(&line)
        .env("QUADRILLE_METRICS_LISTEN", "127.0.0.1:0")
        .env("RUST_LOG", "info")
        .stderr(Stdio::piped())
        .spawn();
    let mut gateway = Gateway(child.unwrap());
    let mut log = BufReader::new(gateway.0.stderr.take().unwrap());
    let own = output(&mut log, "metrics are served on a port of their own");
    let public = output(&mut log, "the gateway listens");

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
