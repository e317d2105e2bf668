//! The signing keys of a running instance.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::commands::Auth as Api;
use crate::commands::signing_keys;
use crate::crypto::key_ring::Keys;
use crate::crypto::{CryptoError, SigningKey};
use crate::domain::key_schedule::Turn;
use crate::settings::IssuerSettings;

/// How soon to try again while the signing keys can't be read for the first time.
const FIRST_KEYS_RETRY: Duration = Duration::from_millis(500);

/// The keys that the settings name, if they name any.
pub(crate) fn given(settings: &IssuerSettings) -> Result<Option<Keys>, CryptoError> {
    if settings.signing_key_files.is_empty() {
        return Ok(None);
    }
    let keys = (1..)
        .zip(&settings.signing_key_files)
        .map(|(generation, path)| {
            SigningKey::from_file(
                path,
                Turn {
                    generation,
                    signs_from: Timestamp::MIN,
                },
            )
        });
    Ok(Some(Keys::given(keys.collect::<Result<_, _>>()?)))
}

/// Reads the keys again and again: another instance may have added one.
pub(crate) async fn keep(auth: &Api, reload: Duration, stop: &CancellationToken) {
    loop {
        let now = auth.clock.now();
        let loaded = signing_keys::load(&auth.store, auth.rules.access_lifetime, now).await;
        match loaded {
            Ok(keys) => auth.keys.replace(keys),
            Err(error) => tracing::warn!(%error, "the signing keys can't be read; trying again"),
        }
        let known = auth.keys.get().is_some();
        let pause = if known {
            reload
        } else {
            reload.min(FIRST_KEYS_RETRY)
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}
