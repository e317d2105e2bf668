use std::sync::Arc;

use outbox::Clock;
use service::config::TokenSettings;

use crate::commands::{Auth as Api, FailedLogins};
use crate::crypto::{CryptoError, KeyRing, PasswordPool};
use crate::settings::Settings;
use crate::store::MongoAuth;

/// The commands, also for whoever uses them without HTTP.
pub(crate) async fn api(
    store: MongoAuth,
    settings: &Settings,
    tokens: &TokenSettings,
    clock: Arc<dyn Clock>,
) -> Result<Api, CryptoError> {
    let passwords = &settings.passwords;
    let (concurrency, queue, of_an_address) = (
        passwords.concurrency(),
        usize::from(passwords.hash_queue),
        usize::from(passwords.hash_queue_per_address),
    );
    // Hashes once, for the account that nobody has.
    let pool =
        tokio::task::spawn_blocking(move || PasswordPool::new(concurrency, queue, of_an_address));
    let pool = pool
        .await
        .map_err(|cause| CryptoError::new("the password hasher stopped", &cause))??;
    Ok(Api {
        store,
        passwords: Arc::new(pool),
        failed_logins: Arc::new(FailedLogins::new()),
        keys: Arc::new(KeyRing::default()),
        clock,
        rules: Arc::new(settings.issuing.rules(tokens)),
    })
}
