//! Logging in while anything may be broken.

use std::time::Duration;

use crate::Client;

/// A client with the token of `email`, whose password is the same, as the demo's are; for as long
/// as it takes.
pub(super) async fn log_in(client: &Client, email: &str) -> Client {
    loop {
        if let Ok(known) = client.log_in(email, email).await {
            return known;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
