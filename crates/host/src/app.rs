//! What a service declares.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use outbox::jobs::JobSettings;
use outbox::mongo::MongoDatabase;
use outbox::{
    ApplyJob, Collection, Event, Handle, Job, Jobs, Message, Recover, RunJob, StoreError,
    Subscriptions,
};
use replica::{Copies, LocalCopy, MadeFrom};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::migration::Migration;
use crate::{BoxError, Context, Contract, Service, StartError, Stream, idempotency, operations};

/// What a service declares in [`Service::register`]; the rest follows from it.
pub struct App<S: Service> {
    publishes: Vec<Stream>,
    subscriptions: Vec<Subscription<S::Settings>>,
    jobs: Vec<RegisteredJob<S::Settings>>,
    pub(crate) job_settings: JobSettings,
    pub(crate) copies: Vec<LocalCopy>,
    pub(crate) tables: Vec<Collection>,
    rules: Vec<Rule>,
    pub(crate) demo: Option<Demo>,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) recovery: Option<Recovery<S::Settings>>,
    pub(crate) writes_wait_for_recovery: bool,
    routes: OpenApiRouter<S::State>,
}

type Rule =
    Box<dyn Fn(MongoDatabase) -> BoxFuture<'static, Result<Vec<String>, StoreError>> + Send + Sync>;
type Demo = Box<dyn Fn(MongoDatabase) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;
type Recovery<T> = Box<dyn Fn(&Context<T>) -> Arc<dyn Recover> + Send + Sync>;
type AddJob<T> = Box<dyn Fn(&Context<T>, Jobs<MongoDatabase>) -> Jobs<MongoDatabase> + Send + Sync>;
type Subscribe<T> = Box<
    dyn Fn(&Context<T>, Subscriptions<MongoDatabase>) -> Subscriptions<MongoDatabase> + Send + Sync,
>;

struct Subscription<T> {
    stream: Stream,
    effect: &'static str,
    subscribe: Subscribe<T>,
}

struct RegisteredJob<T> {
    name: &'static str,
    add: AddJob<T>,
}

impl<S: Service> App<S> {
    /// What `S` declares.
    pub(crate) fn declared() -> Self {
        let mut app = Self {
            publishes: Vec::new(),
            subscriptions: Vec::new(),
            jobs: Vec::new(),
            job_settings: JobSettings::default(),
            copies: Vec::new(),
            tables: Vec::new(),
            rules: Vec::new(),
            demo: None,
            migrations: Vec::new(),
            recovery: None,
            writes_wait_for_recovery: false,
            routes: OpenApiRouter::new(),
        };
        S::register(&mut app);
        app
    }

    /// The service publishes events of type `E`.
    pub fn publishes<E: Event>(&mut self) -> &mut Self {
        self.publishes.push(Stream::of::<E>());
        self
    }

    /// Gives events of type `E` to the handler that `handler` makes; `effect` says what it does
    /// about them, in a few words.
    pub fn on<E: Event, H: Handle<E, MongoDatabase>>(
        &mut self,
        effect: &'static str,
        handler: impl Fn(&Context<S::Settings>) -> H + Send + Sync + 'static,
    ) -> &mut Self {
        self.subscriptions.push(Subscription {
            stream: Stream::of::<E>(),
            effect,
            subscribe: Box::new(move |context, all| all.on::<E, H>(handler(context))),
        });
        self
    }

    /// Keeps an `R` of each state that events of type `E` carry; several types of one topic may say
    /// the same. `effect` says what is kept, in a few words.
    pub fn replica<E: Event, R: MadeFrom<E>>(&mut self, effect: &'static str) -> &mut Self {
        self.replica_by::<E, R, _>(effect, |context| Copies::<R, _>::new(context.database()))
    }

    /// The same by the handler that `handler` makes, which calls [`Copies::take`] and does more.
    pub fn replica_by<E: Event, R: MadeFrom<E>, H: Handle<E, MongoDatabase>>(
        &mut self,
        effect: &'static str,
        handler: impl Fn(&Context<S::Settings>) -> H + Send + Sync + 'static,
    ) -> &mut Self {
        let copy = LocalCopy::new::<E, R>();
        match self.copies.iter_mut().find(|known| known.is_same(&copy)) {
            Some(known) => known.merge(copy),
            None => self.copies.push(copy),
        }
        self.on::<E, H>(effect, handler)
    }

    /// Has the runner that `runner` makes do the jobs `J`, which reach outside of the database.
    pub fn job<J: Job, R: RunJob<J>>(
        &mut self,
        runner: impl Fn(&Context<S::Settings>) -> R + Send + Sync + 'static,
    ) -> &mut Self {
        let add =
            move |context: &Context<S::Settings>, all: Jobs<_>| all.on::<J, R>(runner(context));
        self.add_job::<J>(Box::new(add))
    }

    /// Has the runner that `runner` makes do the jobs `J` in the transaction that finishes them.
    pub fn timer<J: Job, R: ApplyJob<J, MongoDatabase>>(
        &mut self,
        runner: impl Fn(&Context<S::Settings>) -> R + Send + Sync + 'static,
    ) -> &mut Self {
        let add = move |context: &Context<S::Settings>, all: Jobs<_>| {
            all.in_transaction::<J, R>(runner(context))
        };
        self.add_job::<J>(Box::new(add))
    }

    fn add_job<J: Job>(&mut self, add: AddJob<S::Settings>) -> &mut Self {
        let name = J::NAME;
        self.jobs.push(RegisteredJob { name, add });
        self
    }

    /// How the service's jobs are run, if not as usual: for how long they are tried, for example.
    pub fn job_settings(&mut self, settings: JobSettings) -> &mut Self {
        self.job_settings = settings;
        self
    }

    /// The service's own collections, made before it serves; those of outbox, inbox, jobs and copies are
    /// made without a word.
    pub fn tables(&mut self, collections: &[Collection]) -> &mut Self {
        self.tables.extend(collections);
        self
    }

    /// Applies a rule of this build to what older builds have written, once the tables are made: at each
    /// start and by `quadrille migrate`. Doing it again changes nothing. What has to stay as it was
    /// comes back, each in a sentence.
    pub fn rule<F>(
        &mut self,
        apply: impl Fn(MongoDatabase) -> F + Send + Sync + 'static,
    ) -> &mut Self
    where
        F: Future<Output = Result<Vec<String>, StoreError>> + Send + 'static,
    {
        self.rules
            .push(Box::new(move |database| Box::pin(apply(database))));
        self
    }

    /// Loads the data that a new shop starts with for trying it out; what is there is left alone.
    pub fn demo<F>(
        &mut self,
        load: impl Fn(MongoDatabase) -> F + Send + Sync + 'static,
    ) -> &mut Self
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.demo = Some(Box::new(move |database| Box::pin(load(database))));
        self
    }

    /// Publishes once what older builds did not, page by page: `page` gives at most as many documents
    /// as it is told, in the order of their ids, from the one after the given one on, each as the event
    /// about it. A page may be read again.
    pub fn migration<F>(
        &mut self,
        name: &'static str,
        page: impl Fn(MongoDatabase, Option<Uuid>, usize) -> F + Send + Sync + 'static,
    ) -> &mut Self
    where
        F: Future<Output = Result<Vec<(Uuid, Message)>, StoreError>> + Send + 'static,
    {
        self.migrations.push(Migration {
            name,
            page: Box::new(move |database, after, limit| Box::pin(page(database, after, limit))),
        });
        self
    }

    /// Puts back what a restored database lacks of the service's own events, before anything is
    /// published or consumed.
    pub fn recovery<R: Recover>(
        &mut self,
        recovery: impl Fn(&Context<S::Settings>) -> R + Send + Sync + 'static,
    ) -> &mut Self {
        self.recovery = Some(Box::new(move |context| Arc::new(recovery(context))));
        self
    }

    /// Answers requests that change something with 503 until the recovery is over: a change of what
    /// a restored database has forgotten would contradict what others were told.
    pub fn writes_wait_for_recovery(&mut self) -> &mut Self {
        self.writes_wait_for_recovery = true;
        self
    }

    /// Adds endpoints. Each one's `#[utoipa::path]` says who may call it and which limit it counts
    /// against: the gateway's table is made from these descriptions.
    pub fn routes(&mut self, routes: OpenApiRouter<S::State>) -> &mut Self {
        let before = std::mem::take(&mut self.routes);
        self.routes = before.merge(routes);
        self
    }

    /// Whether each event has one handler and each copy one owner: a second would silently take the
    /// first one's place.
    pub(crate) fn checked(self) -> Result<Self, StartError> {
        let mut seen = BTreeSet::new();
        let mut streams = self.subscriptions.iter().map(|one| one.stream);
        if let Some(stream) = streams.find(|stream| !seen.insert(*stream)) {
            return Err(StartError::of_service(format!(
                "{} registers two handlers for {} of {}; one handler has to do both",
                S::NAME,
                stream.event,
                stream.topic
            )));
        }
        let mut seen = BTreeSet::new();
        let mut copies = self.copies.iter();
        if let Some(copy) = copies.find(|copy| !seen.insert(copy.collection)) {
            return Err(StartError::of_service(format!(
                "{} keeps copies from {} in {}, which has those of another owner; each owner's need a \
                 collection of their own",
                S::NAME,
                copy.topic,
                copy.collection
            )));
        }
        Ok(self)
    }

    /// What follows for the choreography.
    pub fn contract(&self) -> Contract {
        Contract {
            service: S::NAME,
            publishes: self.publishes.clone(),
            subscribes: self
                .subscriptions
                .iter()
                .map(|subscription| (subscription.stream, subscription.effect))
                .collect(),
            jobs: self.jobs.iter().map(|job| job.name).collect(),
        }
    }

    pub(crate) fn subscriptions(
        &self,
        context: &Context<S::Settings>,
    ) -> Subscriptions<MongoDatabase> {
        let none = Subscriptions::new(S::NAME);
        self.subscriptions
            .iter()
            .fold(none, |all, one| (one.subscribe)(context, all))
    }

    /// Who does the jobs; `None` for a service that has none.
    pub(crate) fn jobs(&self, context: &Context<S::Settings>) -> Option<Jobs<MongoDatabase>> {
        let none = Jobs::new(S::NAME);
        let add = |all, job: &RegisteredJob<S::Settings>| (job.add)(context, all);
        (!self.jobs.is_empty()).then(|| self.jobs.iter().fold(none, add))
    }

    pub(crate) fn openapi(&self) -> OpenApi {
        let mut openapi = self.routes.get_openapi().clone();
        openapi.merge(operations::openapi(S::NAME));
        openapi
    }

    pub(crate) fn router(&self) -> axum::Router<S::State> {
        self.routes.clone().split_for_parts().0
    }

    /// Every collection besides those of outbox, inbox and jobs.
    pub(crate) fn collections(&self) -> Vec<Collection> {
        let copies = self.copies.iter().map(LocalCopy::table);
        let records = idempotency::is_declared(self.routes.get_openapi());
        let records = records.then_some(outbox::idempotency::COLLECTION);
        copies
            .chain(self.tables.iter().copied())
            .chain(records)
            .collect()
    }

    /// What the rules had to leave as it was.
    pub(crate) async fn apply_rules(
        &self,
        database: &MongoDatabase,
    ) -> Result<Vec<String>, StoreError> {
        let mut kept = Vec::new();
        for apply in &self.rules {
            kept.extend(apply(database.clone()).await?);
        }
        Ok(kept)
    }
}
