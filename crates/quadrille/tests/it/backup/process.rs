//! A service in a process of its own, as an operator starts it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use testkit::eventually_within;
use tokio::process::Child;

use crate::shop::Shop;

/// It is killed with the test, and its log with its folder.
pub(super) struct Process {
    pub(super) url: String,
    child: Child,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Process {
    /// Starts `service` on its database `name` of `shop`, and waits until it listens.
    pub(super) async fn start(shop: &Shop, service: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = crate::quadrille(&["--log-format=json", "serve", service]);
        command
            .arg("--listen=127.0.0.1:0")
            .arg(format!("--mongodb-uri={}", shop.environment.mongodb_uri()))
            .arg(format!(
                "--mongodb-database={}",
                shop.environment.database_name(name)
            ))
            .arg(format!(
                "--kafka-brokers={}",
                shop.environment.kafka_brokers()
            ))
            .arg(format!(
                "--topic-prefix={}",
                shop.environment.topic_prefix()
            ))
            .arg("--kafka-session-timeout=6s")
            .arg(format!("--jwks-url={}", shop.jwks_url()))
            .env_remove("RUST_LOG")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap());
        let mut command = tokio::process::Command::from(command);
        let mut process = Self {
            url: String::new(),
            child: command.kill_on_drop(true).spawn().unwrap(),
            log,
            _folder: folder,
        };
        let listens = format!("{service} listens");
        process.says(&listens, 1).await;
        let lines = process.lines();
        let line = lines
            .iter()
            .find(|line| line["message"] == listens)
            .unwrap();
        process.url = format!("http://{}", line["address"].as_str().unwrap());
        process
    }

    /// What it has logged; a line that is being written is left out.
    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).unwrap();
        let lines = text.lines().map(serde_json::from_str);
        lines.filter_map(Result::ok).collect()
    }

    /// Waits until so many of its log lines hold `text`.
    pub(super) async fn says(&self, text: &str, times: usize) {
        let what = format!("it says {text:?} {times} times");
        eventually_within(Duration::from_secs(60), &what, || async {
            let lines = self.lines();
            let output = lines.iter().filter(|line| line.to_string().contains(text));
            output.count() >= times
        })
        .await;
    }

    /// What `/readyz` answers.
    pub(super) async fn readiness(&self) -> (u16, Value) {
        let answer = reqwest::get(format!("{}/readyz", self.url)).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(super) async fn becomes_ready(&self) {
        eventually_within(Duration::from_secs(60), "it becomes ready", || async {
            self.readiness().await.0 == 200
        })
        .await;
    }

    /// Ends it as an operator does, and waits until it has.
    pub(super) async fn stop(mut self) {
        let id = self.child.id().unwrap();
        kill(Pid::from_raw(id.cast_signed()), Signal::SIGTERM).unwrap();
        let status = self.child.wait().await.unwrap();
        assert!(status.success(), "{status}: {:?}", self.lines());
    }
}
