//! How full the disk under the database is, as the server says it.

use std::time::Duration;

use bson::{Bson, doc};
use metrics::gauge;

use super::database::MongoDatabase;

/// Disks fill slowly, and the server walks over its files to answer.
const EVERY: Duration = Duration::from_secs(60);

impl MongoDatabase {
    /// Measures the disk again and again; never comes back. A server that is away leaves the
    /// last values in place.
    pub(crate) async fn watch_disk(&self) {
        let name = self.database().name().to_owned();
        let size = gauge!("mongodb_filesystem_size_bytes", "database" => name.clone());
        let used = gauge!("mongodb_filesystem_used_bytes", "database" => name);
        loop {
            match self.database().run_command(doc! { "dbStats": 1 }).await {
                Ok(stats) => {
                    for (figure, member) in [(&size, "fsTotalSize"), (&used, "fsUsedSize")] {
                        if let Some(bytes) = stats.get(member).and_then(number) {
                            figure.set(bytes);
                        }
                    }
                }
                Err(fault) => tracing::debug!(%fault, "the disk is not measured"),
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
