//! What an operator does to a shop, by quadrille's own commands.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;
use tokio::process::Command;

use crate::Shop;

const AGREE_WITHIN: Duration = Duration::from_secs(90);

impl Shop {
    /// Loads the demo data.
    ///
    /// # Errors
    /// When the databases are not reached.
    pub async fn seed(&self) -> anyhow::Result<()> {
        let status = self.tool("seed").stdout(Stdio::null()).status().await?;
        anyhow::ensure!(status.success(), "the demo data could not be loaded");
        Ok(())
    }

    /// The command `command` of quadrille on this shop's servers.
    pub fn tool(&self, command: &str) -> Command {
        let mut tool = Command::new(&self.program);
        tool.arg(command)
            .env(
                "QUADRILLE_MONGODB_URI",
                &self.connection.endpoints.mongodb_uri,
            )
            .env(
                "QUADRILLE_KAFKA_BROKERS",
                &self.connection.endpoints.kafka_brokers,
            )
            .env("QUADRILLE_TOPIC_PREFIX", self.connection.topic_prefix())
            .env("QUADRILLE_DATABASES", self.connection.database("{service}"))
            .kill_on_drop(true);
        tool
    }

    /// Holds the databases against each other, once: whether they agree, and what was found.
    ///
    /// # Errors
    /// When the audit can't be made.
    pub async fn audit_once(&self) -> anyhow::Result<(bool, Value)> {
        let output = self.tool("audit").arg("--json").output().await?;
        let found = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
        Ok((output.status.success(), found))
    }

    /// Waits until nothing is pending and the databases agree.
    ///
    /// # Errors
    /// When they do not in time; the error holds the last findings.
    pub async fn audit(&self) -> anyhow::Result<Value> {
        let deadline = Instant::now() + AGREE_WITHIN;
        loop {
            let last = self.audit_once().await;
            if let Ok((true, found)) = last {
                return Ok(found);
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the databases do not agree: {last:#?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
