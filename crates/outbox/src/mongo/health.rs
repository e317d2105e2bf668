//! Whether the database answers, and how full the disk under it is, as the server says it.

use std::time::Duration;

use bson::{Bson, doc};
use metrics::gauge;
use tokio::time::Instant;

use super::database::MongoDatabase;
use super::timeout::WithTimeout;

/// An operation waits as long for an answer.
const EVERY: Duration = Duration::from_secs(10);
/// Disks fill slowly, and the server walks over its files to answer.
const DISK_EVERY: Duration = Duration::from_secs(60);

impl MongoDatabase {
    /// Measures again and again; never comes back. While the server is away, whatever else is measured in
    /// it keeps its last value: `mongodb_up` says so.
    pub(crate) async fn watch(&self) {
        let name = self.database().name().to_owned();
        let up = gauge!("mongodb_up", "database" => name.clone());
        let size = gauge!("mongodb_filesystem_size_bytes", "database" => name.clone());
        let used = gauge!("mongodb_filesystem_used_bytes", "database" => name);
        let mut measured: Option<Instant> = None;
        loop {
            up.set(f64::from(u8::from(self.ping().await.is_ok())));
            if measured.is_none_or(|at| at.elapsed() >= DISK_EVERY) {
                let stats = self.database().run_command(doc! { "dbStats": 1 });
                match stats.with_timeout().await {
                    Ok(stats) => {
                        for (metric, member) in [(&size, "fsTotalSize"), (&used, "fsUsedSize")] {
                            if let Some(bytes) = stats.get(member).and_then(number) {
                                metric.set(bytes);
                            }
                        }
                        measured = Some(Instant::now());
                    }
                    Err(fault) => tracing::debug!(%fault, "the disk is not measured"),
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes for a chart")]
fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Double(number) => Some(*number),
        Bson::Int64(number) => Some(*number as f64),
        Bson::Int32(number) => Some(f64::from(*number)),
        _ => None,
    }
}
