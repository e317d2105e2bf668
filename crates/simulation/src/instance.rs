//! A process that runs a service.

use std::sync::Arc;
use std::time::Duration;

use controls::Broken;
use events::{
    AccountUpdate, OrderCreate, OrderStatusUpdate, OrderUpdate, ProductCreate,
    ProductsQuantityUpdate,
};
use host::Service as _;
use notifications::domain::Mail;
use notifications::handlers::{OnAccountUpdate, OnOrderUpdate};
use notifications::store::memory::Tables as NotificationsTables;
use notifications::{EraseMails, RunEraseMails, SendMail};
use orders::BatchSettings;
use orders::commands::{GroupCommit, OrderQueue};
use orders::domain::ProductCopy;
use orders::handlers::OnOrderStatusUpdate;
use orders::store::memory::Tables as OrdersTables;
use outbox::jobs::JobSettings;
use outbox::memory::{Faults, MemoryBroker, MemoryDatabase};
use outbox::{
    Clock, Inbox, InboxSettings, InboxStore, JobRunner, Jobs, OutboxStore, Relay, RelaySettings,
    Subscriptions,
};
use products::handlers::OnOrderCreate;
use products::store::memory::Tables as ProductsTables;
use replica::Copies;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::SimulatedClock;
use crate::fault_injector::FaultInjector;
use crate::name::{Name, Service};
use crate::servers::Servers;
use crate::tally;
use crate::world::World;

/// A process that runs.
pub(crate) struct Running {
    pub(crate) name: Name,
    pub(crate) tasks: JoinSet<()>,
    stop: CancellationToken,
    pub(crate) clock: Arc<SimulatedClock>,
    /// Where orders are handed in, when it is of that service.
    pub(crate) order_queue: Option<OrderQueue>,
    /// The orders, when it is of that service.
    pub(crate) orders: Option<Broken<MemoryDatabase<OrdersTables>>>,
    /// The catalogue, when it is of that service.
    pub(crate) catalogue: Option<Broken<MemoryDatabase<ProductsTables>>>,
}

/// How long a member of a group may say nothing before it loses its partitions.
const SESSION: Duration = Duration::from_secs(2);

impl Running {
    /// Starts the process `name`, which works on `servers`.
    pub(crate) fn start(world: &Arc<World>, servers: &Servers, name: Name) -> Self {
        let skew = if name.place == 0 { 0 } else { world.plan.skew };
        let clock = Arc::new(SimulatedClock::new(
            Arc::clone(&world.chance),
            world.began,
            skew,
        ));
        let mut running = Self {
            name,
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
            clock: Arc::clone(&clock),
            order_queue: None,
            orders: None,
            catalogue: None,
        };
        let topics: Vec<&str> = match name.service {
            Service::Orders => vec![events::topics::ORDER_STATUS, events::topics::PRODUCTS],
            Service::Products => vec![events::topics::ORDERS],
            Service::Notifications => vec![events::topics::ORDERS, events::topics::ACCOUNTS],
            Service::Tally => vec![events::topics::ORDERS, events::topics::ORDER_STATUS],
        };
        // The fault injector needs the member's number, which the source has, which needs the injector.
        let member = Arc::new(std::sync::OnceLock::new());
        let fault_injector = fault_injector(world, &servers.broker, name, Arc::clone(&member));
        let broker = servers.broker.instance(Arc::clone(&fault_injector));
        let source = broker.subscribe(name.service.name(), &topics);
        let _first = member.set(source.member());
        let part = Part {
            world,
            broker,
            source,
            clock,
        };
        match name.service {
            Service::Orders => {
                let database = world.adapter(servers.orders.instance(fault_injector));
                let subscriptions = Subscriptions::new(orders::Orders::NAME)
                    .on::<OrderStatusUpdate, _>(OnOrderStatusUpdate::new(database.clone()))
                    .on::<ProductCreate, _>(Copies::<ProductCopy, _>::new(database.clone()))
                    .on::<ProductsQuantityUpdate, _>(Copies::<ProductCopy, _>::new(
                        database.clone(),
                    ));
                let settings = BatchSettings {
                    max_batch: world.plan.batch,
                    writers: 2,
                    ..BatchSettings::default()
                };
                let clock: Arc<dyn Clock> = running.clock.clone();
                let (order_queue, mut writers) =
                    GroupCommit::start(database.clone(), clock, settings, &running.stop);
                running.order_queue = Some(order_queue);
                running.orders = Some(database.clone());
                running
                    .tasks
                    .spawn(async move { while writers.join_next().await.is_some() {} });
                running.relay(&part, database.clone());
                running.inbox(part, database, subscriptions);
            }
            Service::Products => {
                let database = world.adapter(servers.products.instance(fault_injector));
                let clock: Arc<dyn Clock> = running.clock.clone();
                let subscriptions = Subscriptions::new(products::Products::NAME)
                    .on::<OrderCreate, _>(OnOrderCreate::new(database.clone(), clock))
                    .on::<OrderUpdate, _>(products::handlers::OnOrderUpdate::new(database.clone()));
                running.catalogue = Some(database.clone());
                running.relay(&part, database.clone());
                running.inbox(part, database, subscriptions);
            }
            Service::Notifications => {
                let database = servers.notifications.instance(fault_injector);
                let subscriptions = Subscriptions::new(notifications::Notifications::NAME)
                    .on::<OrderUpdate, _>(OnOrderUpdate::new(database.clone(), Duration::MAX))
                    .on::<AccountUpdate, _>(OnAccountUpdate::new(database.clone(), Duration::MAX));
                running.mails(world, database.clone());
                running.inbox(part, database, subscriptions);
            }
            Service::Tally => {
                let database = world.adapter(servers.tally.instance(fault_injector));
                running.inbox(part, database, tally::subscriptions());
            }
        }
        running
    }

    /// Runs the jobs that send mails, in a shop without a mail server.
    fn mails(&mut self, world: &Arc<World>, database: MemoryDatabase<NotificationsTables>) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let settings = notifications::Settings::default();
        let send = SendMail::new(database.clone(), clock.clone(), &settings);
        let jobs = Jobs::new(notifications::Notifications::NAME)
            .on::<Mail, _>(send)
            .on::<EraseMails, _>(RunEraseMails::new(database.clone()));
        let settings = JobSettings {
            poll: Duration::from_millis(500),
            lease: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            longest_pause: Duration::from_secs(2),
            max_attempts: 1_000,
            ..JobSettings::default()
        };
        match JobRunner::new(database, jobs, clock, settings) {
            Ok(runner) => {
                self.tasks.spawn(runner.run(self.stop.clone()));
            }
            Err(fault) => world.violate(format!("the jobs are not run: {fault}")),
        }
    }

    fn relay<D: OutboxStore>(&mut self, part: &Part<'_>, database: D) {
        let settings = RelaySettings {
            batch: part.world.plan.batch,
            ..RelaySettings::default()
        };
        let (shard, clock) = (self.name.service.name(), part.clock.clone());
        let publisher = part.world.adapter(part.broker.clone());
        let relay = Relay::new(database, publisher, shard, clock, settings);
        self.tasks.spawn(relay.run(self.stop.clone()));
    }

    fn inbox<D: InboxStore + OutboxStore>(
        &mut self,
        part: Part<'_>,
        database: D,
        subscriptions: Subscriptions<D>,
    ) {
        let settings = InboxSettings {
            batch: part.world.plan.batch,
            ..InboxSettings::default()
        };
        let (service, clock) = (self.name.service.name(), part.clock);
        let inbox = Inbox::new(
            database,
            part.source,
            subscriptions,
            service,
            clock,
            settings,
        );
        let (world, name, stop) = (Arc::clone(part.world), self.name, self.stop.clone());
        self.tasks.spawn(async move {
            if let Err(fault) = inbox.run(stop).await {
                world.violate(format!("{name} stopped: {fault}"));
            }
        });
    }

    /// Ends it in good order.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for its end; a task that panicked is a violation.
    pub(crate) async fn ended(&mut self, world: &World) {
        while let Some(ended) = self.tasks.join_next().await {
            if ended.is_err_and(|fault| fault.is_panic()) {
                world.violate(format!("a task of {} panicked", self.name));
            }
        }
    }
}

/// What the parts of a process are made of.
struct Part<'a> {
    world: &'a Arc<World>,
    broker: MemoryBroker,
    source: outbox::memory::MemorySource,
    clock: Arc<SimulatedClock>,
}

fn fault_injector(
    world: &Arc<World>,
    broker: &MemoryBroker,
    name: Name,
    member: Arc<std::sync::OnceLock<u64>>,
) -> Arc<dyn Faults> {
    let (watcher, broker) = (Arc::clone(world), broker.clone());
    let stalled = move |time: Duration| {
        let Some(member) = member.get().copied().filter(|_| time > SESSION) else {
            return;
        };
        let (watcher, broker) = (Arc::clone(&watcher), broker.clone());
        tokio::spawn(async move {
            tokio::time::sleep(SESSION).await;
            watcher.count(crate::fault::Fault::Expel);
            broker.expel(name.service.name(), member);
        });
    };
    Arc::new(FaultInjector {
        world: Arc::clone(world),
        name,
        stalled: Box::new(stalled),
    })
}
