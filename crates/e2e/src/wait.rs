//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Waits until `condition` holds.
///
/// # Errors
/// When it does not within `limit`; `what` says what was awaited.
pub async fn until<F: Future<Output = bool>>(
    limit: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    while !condition().await {
        anyhow::ensure!(Instant::now() < deadline, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
