//! Puts the service together: the only place where adapters are made.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use outbox::{Clock, StoreError, SystemClock};
use service::config::MongoSettings;
use service::health::Health;
use service::http::{InProcess, bind, layers, serve};
use service::lifecycle::{Lifecycle, TaskFailed};
use tokio_util::sync::CancellationToken;

use crate::commands::Auth;
use crate::commands::signing_keys::{self, Rotated};
use crate::crypto::key_ring::Keys;
use crate::crypto::{CryptoError, KeyRing, PasswordPool, SigningKey};
use crate::domain::key_schedule::Turn;
use crate::settings::{IssuerSettings, PORT, Settings};
use crate::store::MongoAuth;

/// How soon to try again while the signing keys can't be read for the first time.
const FIRST_KEYS_RETRY: Duration = Duration::from_millis(500);

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its address can't be taken.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
    /// MongoDB's connection string can't be read.
    #[error("QUADRILLE_MONGODB_URI can't be used: {0}")]
    Mongo(#[from] StoreError),
    /// A signing key file can't be used, or the hasher does not work.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Why the service ended otherwise than it was told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// One of its tasks failed.
    #[error(transparent)]
    Task(#[from] TaskFailed),
}

/// The service, started.
#[derive(Debug, Clone)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its routes, for a gateway in the same process.
    pub routes: InProcess,
    passwords: Arc<PasswordPool>,
}

impl Running {
    /// How often the password hasher has run since the start.
    pub fn password_hasher_runs(&self) -> u64 {
        self.passwords.runs()
    }
}

/// Starts the service on `lifecycle`'s tasks. It listens when this returns; with MongoDB away
/// it answers 503 until it finds it.
///
/// # Errors
/// When the settings can't be used.
pub async fn start(settings: Settings, lifecycle: &Lifecycle) -> Result<Running, StartError> {
    start_at(settings, lifecycle, Arc::new(SystemClock)).await
}

/// As [`start`], with another clock, for tests of what happens after days.
///
/// # Errors
/// When the settings can't be used.
pub async fn start_at(
    settings: Settings,
    lifecycle: &Lifecycle,
    clock: Arc<dyn Clock>,
) -> Result<Running, StartError> {
    describe_figures();
    let given = given_keys(&settings.issuing)?;
    let auth = wire(&settings, clock).await?;
    let listener = bind(settings.http.listen_or(PORT)).await?;
    let address = listener.local_addr()?;

    if let Some(keys) = given {
        auth.keys.replace(keys);
    } else {
        let (auth, stop) = (auth.clone(), lifecycle.shutdown().soft());
        let reload = settings.issuing.key_reload;
        lifecycle.spawn("auth keys", async move {
            keep_keys(&auth, reload, &stop).await;
            Ok::<_, Infallible>(())
        });
    }
    let passwords = auth.passwords.clone();
    let endpoints = health(&auth).routes().merge(crate::http::router(auth));
    let routes = InProcess::from(layers(endpoints, "auth", &settings.http));
    let served = serve(listener, routes.clone(), lifecycle.shutdown());
    lifecycle.spawn("auth http", served);
    tracing::info!(%address, "auth listens");
    Ok(Running {
        address,
        routes,
        passwords,
    })
}

/// Registers what is counted, so that it is there with 0 before it happens.
fn describe_figures() {
    use metrics::{Unit, counter, describe_counter};
    describe_counter!("auth_logins_total", Unit::Count, "Logins, by their outcome");
    for outcome in ["ok", "refused"] {
        counter!("auth_logins_total", "outcome" => outcome).increment(0);
    }
    describe_counter!(
        "auth_refresh_tokens_reused_total",
        Unit::Count,
        "Logins revoked because a replaced refresh token was used again"
    );
    counter!("auth_refresh_tokens_reused_total").increment(0);
}

/// Starts the service and stays until `lifecycle` ends.
///
/// # Errors
/// When it does not start, or one of its tasks fails.
pub async fn run(settings: Settings, lifecycle: &Lifecycle) -> Result<(), RunError> {
    start(settings, lifecycle).await?;
    Ok(lifecycle.join().await?)
}

/// Makes the service's tables and indexes, as its first request would. Doing it again changes
/// nothing.
///
/// # Errors
/// When the setting is wrong, MongoDB is out of reach, or it refuses.
pub async fn migrate(settings: &MongoSettings) -> Result<(), MigrateError> {
    let store = MongoAuth::connect(settings)
        .await
        .map_err(StartError::from)?;
    Ok(store.prepare().await?)
}

/// Why the tables could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The setting for MongoDB can't be right.
    #[error(transparent)]
    Settings(#[from] StartError),
    /// MongoDB is out of reach, or refuses.
    #[error("the tables can't be made: {0}")]
    Store(#[from] StoreError),
}

/// Adds a signing key, for operators: after a leak, or every few months. It takes over by
/// itself when every running instance has read it; the old one's tokens stay good until they
/// expire.
///
/// # Errors
/// When MongoDB is out of reach, someone else adds a key at the same moment, or the keys come
/// from files, where a new one is added by hand.
pub async fn rotate_signing_key(settings: &Settings) -> Result<Rotated, RotateError> {
    if !settings.issuing.signing_key_files.is_empty() {
        return Err(RotateError::KeysAreFiles);
    }
    let store = MongoAuth::connect(&settings.mongo)
        .await
        .map_err(StartError::from)?;
    let spread = settings.issuing.key_spread();
    Ok(signing_keys::rotate(&store, spread, SystemClock.now()).await?)
}

/// Why no signing key was added.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The keys come from files.
    #[error("the signing keys come from QUADRILLE_AUTH_SIGNING_KEY_FILE: append a new file there")]
    KeysAreFiles,
    /// The settings can't be used.
    #[error(transparent)]
    Settings(#[from] StartError),
    /// It could not be done now.
    #[error(transparent)]
    Fault(#[from] crate::commands::Fault),
}

/// The commands, for whoever uses them without HTTP.
pub(crate) async fn wire(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Auth, StartError> {
    let (concurrency, queue) = (
        settings.passwords.concurrency(),
        settings.passwords.hash_queue,
    );
    // Hashes once, for the account that nobody has.
    let pool = tokio::task::spawn_blocking(move || PasswordPool::new(concurrency, queue.into()))
        .await
        .map_err(|cause| CryptoError::new("the password hasher stopped", &cause))??;
    Ok(Auth {
        store: MongoAuth::connect(&settings.mongo).await?,
        passwords: Arc::new(pool),
        keys: Arc::new(KeyRing::default()),
        clock,
        rules: Arc::new(settings.issuing.rules()),
    })
}

fn given_keys(settings: &IssuerSettings) -> Result<Option<Keys>, CryptoError> {
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

fn health(auth: &Auth) -> Health {
    let (store, keys) = (auth.store.clone(), auth.keys.clone());
    Health::new()
        .check("mongodb", move || {
            let store = store.clone();
            async move { store.ping().await }
        })
        .check("signing-keys", move || {
            let loaded = keys.get().is_some();
            async move {
                if loaded {
                    Ok(())
                } else {
                    Err("they are not loaded yet")
                }
            }
        })
}

/// Reads the keys again and again: another instance may have added one.
async fn keep_keys(auth: &Auth, reload: Duration, stop: &CancellationToken) {
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
