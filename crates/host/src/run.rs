//! One instance of a service, from its start to its end.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use outbox::{Clock, Messaging, Readiness, SystemClock};
use service::health::Health;
use service::http::{InProcess, Problem};
use service::lifecycle::Lifecycle;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::migration;
use crate::operations::{self, Operator};
use crate::{BoxError, Context, Service, Settings, StartError, connect, kafka_options};

/// How soon to try again while the service prepares its database.
const SOON: Duration = Duration::from_secs(1);

/// A service that runs.
#[derive(Debug, Clone)]
pub struct Running<T> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its routes, for a gateway in the same process.
    pub routes: InProcess,
    /// What its endpoints work with.
    pub state: T,
}

/// An instance that is being started: its [`Context`], and what runs beside its endpoints.
pub struct Instance<S: Service> {
    context: Context<S::Settings>,
    lifecycle: Lifecycle,
    readiness: Readiness,
    health: Health,
    requests_ended: CancellationToken,
    writers: Vec<JoinSet<()>>,
}

impl<S: Service> Deref for Instance<S> {
    type Target = Context<S::Settings>;

    fn deref(&self) -> &Context<S::Settings> {
        &self.context
    }
}

impl<S: Service> Instance<S> {
    /// What the parts of the service are made from.
    pub fn context(&self) -> Context<S::Settings> {
        self.context.clone()
    }

    /// Cancelled when nothing new may be begun.
    pub fn stopping(&self) -> CancellationToken {
        self.lifecycle.shutdown().soft()
    }

    /// Cancelled when the last request is answered.
    pub fn requests_ended(&self) -> CancellationToken {
        self.requests_ended.clone()
    }

    /// Comes back when the database is whole and its tables are made.
    pub fn tables_made(&self) -> impl Future<Output = ()> + Send + use<S> {
        let readiness = self.readiness.clone();
        async move { readiness.tables_made().await }
    }

    /// Runs `task` until it ends; an error or a panic ends the process.
    pub fn spawn<F, E>(&self, name: &str, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.lifecycle.spawn(format!("{} {name}", S::NAME), task);
    }

    /// Waits at the end for tasks that finish, after the last request, what requests have queued;
    /// messages are consumed and published meanwhile.
    pub fn finish_before_messages(&mut self, writers: JoinSet<()>) {
        self.writers.push(writers);
    }

    /// Adds a check to `/readyz`. Its error goes to the log only; probes see `name`.
    pub fn check<F, Fut, E>(&mut self, name: &'static str, probe: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let health = std::mem::take(&mut self.health);
        self.health = health.check(name, probe);
    }
}

/// Starts an instance of `S` on `lifecycle`. It listens when this returns; MongoDB and Kafka may be
/// out of reach: `/readyz` says so, and it goes on by itself once they are there.
///
/// # Errors
/// When a setting can't be used.
pub async fn start<S: Service>(
    common: Settings,
    settings: S::Settings,
    lifecycle: &Lifecycle,
) -> Result<Running<S::State>, StartError> {
    start_at::<S>(common, settings, lifecycle, Arc::new(SystemClock)).await
}

/// As [`start`], with another clock: for tests of what happens after days.
///
/// # Errors
/// When a setting can't be used.
pub async fn start_at<S: Service>(
    common: Settings,
    settings: S::Settings,
    lifecycle: &Lifecycle,
    clock: Arc<dyn Clock>,
) -> Result<Running<S::State>, StartError> {
    let app = Arc::new(App::<S>::declared().checked()?);
    let database = connect(S::NAME, &common.mongo).await?;
    let context = Context::new(database, clock, common, settings);
    let messaging = messaging(&app, &context)?;
    let readiness = messaging.readiness();
    let http = &context.common().http;
    let listener = service::http::bind(http.listen_or(S::PORT))
        .await
        .map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;

    let mut instance = Instance {
        context: context.clone(),
        lifecycle: lifecycle.clone(),
        health: health(&readiness),
        readiness: readiness.clone(),
        requests_ended: CancellationToken::new(),
        writers: Vec::new(),
    };
    let state = S::start(&mut instance).await?;
    let routes = app
        .router()
        .with_state(state.clone())
        .merge(operations::router(S::NAME, operator(&app, &context)?));
    let routes = wait_for_readiness::<S>(routes, readiness, app.writes_wait_for_recovery)
        .merge(instance.health.routes());
    let routes = InProcess::from(service::http::layers(routes, S::NAME, http));

    // It ends in the order in which work flows: requests, what they queued, what is consumed, what
    // is still to be published.
    let (consumed, written) = (CancellationToken::new(), CancellationToken::new());
    let (stop_consuming, stop_publishing) = (consumed.clone(), written.clone());
    let (serving, shutdown) = (routes.clone(), lifecycle.shutdown());
    lifecycle.spawn(format!("{} http", S::NAME), async move {
        let outcome = service::http::serve(listener, serving, shutdown).await;
        instance.requests_ended.cancel();
        for mut writers in instance.writers {
            while writers.join_next().await.is_some() {}
        }
        stop_consuming.cancel();
        stop_publishing.cancel();
        outcome
    });
    lifecycle.spawn(format!("{} messages", S::NAME), async move {
        let subscriptions = app.subscriptions(&context);
        let prepare = || async {
            let database = context.database();
            database.prepare_collections(&app.collections()).await?;
            for kept in app.apply_rules(&database).await? {
                tracing::warn!("{kept}");
            }
            migration::skip_if_nothing(&app.migrations, &database).await
        };
        messaging
            .run(prepare, subscriptions, consumed, written)
            .await
    });
    tracing::info!(%address, "{} listens", S::NAME);
    Ok(Running {
        address,
        routes,
        state,
    })
}

fn messaging<S: Service>(
    app: &App<S>,
    context: &Context<S::Settings>,
) -> Result<Messaging, StartError> {
    let settings = &context.common().kafka;
    let messaging = Messaging::new(
        S::NAME,
        context.database(),
        kafka_options(S::NAME, settings)?,
        app.contract().topics(),
        context.clock(),
    )?
    .with_batch(settings.batch);
    let messaging = match &app.recovery {
        Some(recovery) => messaging.with_recovery(recovery(context))?,
        None => messaging,
    };
    match app.jobs(context) {
        Some(jobs) => messaging
            .with_jobs(jobs, app.job_settings.clone())
            .map_err(StartError::of_service),
        None => Ok(messaging),
    }
}

fn operator<S: Service>(
    app: &App<S>,
    context: &Context<S::Settings>,
) -> Result<Operator, StartError> {
    let topics = kafka_options(S::NAME, &context.common().kafka)?;
    Ok(Operator::new(
        S::NAME,
        context.database(),
        app.subscriptions(context),
        context.clock(),
        Arc::new(topics),
        context.verifier(),
    ))
}

fn health(readiness: &Readiness) -> Health {
    let (database, broker) = (readiness.clone(), readiness.clone());
    Health::new()
        .check("mongodb", move || {
            let readiness = database.clone();
            async move { readiness.check_database().await }
        })
        .check("kafka", move || {
            let readiness = broker.clone();
            async move { readiness.check_broker().await }
        })
}

/// Has requests wait a moment until the tables are made, without whose unique indexes there would be
/// two of one name, and answers 503 if they are not; changes, if `recovered` says so, until the
/// database holds all that the service has published.
fn wait_for_readiness<S: Service>(router: Router, readiness: Readiness, recovered: bool) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let readiness = readiness.clone();
        async move {
            let changes = recovered && !request.method().is_safe();
            let ready = if changes {
                readiness.is_up_to_date()
            } else {
                readiness.has_tables() || timeout(SOON, readiness.tables_made()).await.is_ok()
            };
            if ready {
                return next.run(request).await;
            }
            Problem::unavailable(SOON)
                .detail(format!("{} is starting; try again in a moment", S::NAME))
                .into_response()
        }
    }))
}
