//! Waiting for a condition.

use std::time::{Duration, Instant};

/// Waits until `condition` holds; panics with `what` after 30 s.
pub async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl FnMut() -> F) {
    eventually_within(Duration::from_secs(30), what, condition).await;
}

/// Waits until `condition` holds; panics with `what` after `limit`.
///
/// # Panics
/// When the condition does not come to hold in time.
pub async fn eventually_within<F: Future<Output = bool>>(
    limit: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) {
    let deadline = Instant::now() + limit;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
