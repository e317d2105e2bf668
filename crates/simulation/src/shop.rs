//! The databases, the broker, and the processes that run on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use events::topics;
use orders::commands::OrderQueue;
use outbox::memory::MemoryBroker;
use outbox::replay::{Replay, ReplayError, ReplayStart};
use outbox::source::Assigned;
use outbox::{InboxStore, OutboxStore, TopicPartition};

use crate::clock::SimulatedClock;
use crate::fault::Fault;
use crate::instance::Running;
use crate::name::{Name, Service};
use crate::servers::Servers;
use crate::world::World;

/// Who reads what.
pub(crate) const READS: &[(Service, &str)] = &[
    (Service::Orders, topics::ORDER_STATUS),
    (Service::Orders, topics::PRODUCTS),
    (Service::Products, topics::ORDERS),
    (Service::Notifications, topics::ORDERS),
    (Service::Notifications, topics::ACCOUNTS),
    (Service::Tally, topics::ORDERS),
    (Service::Tally, topics::ORDER_STATUS),
];

/// How long a process may take to end, in simulated time.
const GRACE: Duration = Duration::from_secs(15);

/// The whole system.
pub struct Shop {
    pub(crate) world: Arc<World>,
    pub(crate) servers: Servers,
    processes: Mutex<Vec<Process>>,
}

struct Process {
    name: Name,
    running: Option<Running>,
}

impl Shop {
    pub(crate) fn open(world: &Arc<World>) -> Self {
        let mut processes = Vec::new();
        for (service, instances) in Service::ALL.into_iter().zip(world.plan.instances) {
            for place in 0..instances as usize {
                let name = Name {
                    service,
                    place,
                    life: 0,
                };
                processes.push(Process {
                    name,
                    running: None,
                });
            }
        }
        Self {
            world: Arc::clone(world),
            servers: Servers::new(world),
            processes: Mutex::new(processes),
        }
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Process>> {
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of the processes, whether they run or not.
    pub(crate) fn names(&self) -> Vec<Name> {
        self.processes()
            .iter()
            .map(|process| process.name)
            .collect()
    }

    /// Starts whatever does not run.
    pub(crate) fn start_all(&self) {
        for name in self.names() {
            self.start(name);
        }
    }

    /// Starts the process unless it runs.
    pub(crate) fn start(&self, name: Name) {
        let mut processes = self.processes();
        if let Some(process) = find(&mut processes, name)
            && process.running.is_none()
        {
            process.name.life += 1;
            self.world.mark(process.name.number());
            self.world.tell(|| format!("{} starts", process.name));
            process.running = Some(Running::start(&self.world, &self.servers, process.name));
        }
    }

    /// Takes the process `name` from the world, whatever it was doing; `false` when that
    /// life of it has ended already.
    pub(crate) async fn kill(&self, name: Name) -> bool {
        let Some(mut running) = self.taken(name) else {
            return false;
        };
        self.world.tell(|| format!("{name} is gone"));
        running.tasks.abort_all();
        running.ended(&self.world).await;
        true
    }

    /// Ends the process in good order; one that crashes while it ends is killed, as is one
    /// that takes too long.
    pub(crate) async fn stop(&self, name: Name) -> bool {
        let Some(mut running) = self.taken(name) else {
            return false;
        };
        self.world.tell(|| format!("{name} is told to stop"));
        self.world.count(Fault::Restart);
        running.stop();
        let ending = running.ended(&self.world);
        if tokio::time::timeout(GRACE, ending).await.is_err() {
            running.tasks.abort_all();
            running.ended(&self.world).await;
        }
        true
    }

    fn taken(&self, name: Name) -> Option<Running> {
        let mut processes = self.processes();
        let process = find(&mut processes, name)?;
        process.running.take_if(|running| running.name == name)
    }

    /// Where an order can be handed in, and the clock there, by chance one of those that run.
    pub(crate) fn door(&self) -> Option<(OrderQueue, Arc<SimulatedClock>)> {
        let processes = self.processes();
        let running = processes
            .iter()
            .filter_map(|process| process.running.as_ref());
        let doors: Vec<_> = running
            .filter_map(|running| Some((running.order_queue.clone()?, Arc::clone(&running.clock))))
            .collect();
        (!doors.is_empty()).then(|| doors[self.world.chance.place(doors.len())].clone())
    }

    /// Runs `work` on the tables that `of` finds in a process, inside one of the processes that have
    /// them, by chance. `None` when none does, or when it ended meanwhile.
    pub(crate) async fn inside<D, T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        of: impl Fn(&Running) -> Option<D>,
        work: impl FnOnce(D, Arc<SimulatedClock>) -> F,
    ) -> Option<T> {
        let (answer, heard) = tokio::sync::oneshot::channel();
        {
            let mut processes = self.processes();
            let mut doors: Vec<&mut Running> = processes
                .iter_mut()
                .filter_map(|process| process.running.as_mut())
                .filter(|running| of(running).is_some())
                .collect();
            if doors.is_empty() {
                return None;
            }
            let place = self.world.chance.place(doors.len());
            let running = &mut *doors[place];
            let database = of(running)?;
            let work = work(database, Arc::clone(&running.clock));
            running.tasks.spawn(async move {
                let _gone = answer.send(work.await);
            });
        }
        heard.await.ok()
    }

    /// Replays `topic` to `service` from its beginning, as an operator does while it runs.
    pub(crate) async fn replay(&self, service: Service, topic: &str) {
        self.world.count(Fault::Replay);
        self.world
            .tell(|| format!("{} replays {topic} from zero", service.name()));
        let (broker, group) = (&self.servers.broker, service.name());
        let begun = match service {
            Service::Orders => replay(&self.servers.orders, broker, group, topic).await,
            Service::Products => replay(&self.servers.products, broker, group, topic).await,
            Service::Notifications => {
                replay(&self.servers.notifications, broker, group, topic).await
            }
            Service::Tally => replay(&self.servers.tally, broker, group, topic).await,
        };
        match begun {
            // Where nobody has claimed the topic yet, there is nothing to be replayed.
            Ok(()) | Err(ReplayError::NotBegun { .. }) => {}
            // The inbox was always first; an operator tries again.
            Err(ReplayError::Store(fault)) if !self.world.is_calm() => {
                self.world.tell(|| format!("no replay: {fault}"));
            }
            Err(fault) => self
                .world
                .violate(format!("{topic} can't be replayed: {fault}")),
        }
    }

    /// What is still to be done, in words; nothing when all is published and taken in.
    pub(crate) async fn undone(&self) -> Vec<String> {
        let mut undone = Vec::new();
        let backlogs = [
            ("orders", self.servers.orders.backlog().await),
            ("products", self.servers.products.backlog().await),
        ];
        for (service, backlog) in backlogs {
            let records = backlog.map_or(0, |backlog| backlog.records);
            if records > 0 {
                undone.push(format!("{service}: {records} outbox records"));
            }
        }
        let jobs = self.servers.notifications.all_jobs();
        let jobs = jobs.iter().filter(|job| !job.state.has_ended()).count();
        if jobs > 0 {
            undone.push(format!("notifications: {jobs} jobs"));
        }
        for service in Service::ALL {
            let group = service.name();
            let claims = match service {
                Service::Orders => self.servers.orders.checkpoints(group).await,
                Service::Products => self.servers.products.checkpoints(group).await,
                Service::Notifications => self.servers.notifications.checkpoints(group).await,
                Service::Tally => self.servers.tally.checkpoints(group).await,
            };
            let next: BTreeMap<TopicPartition, i64> = claims
                .unwrap_or_default()
                .into_iter()
                .map(|claim| (claim.at, claim.next))
                .collect();
            for (_, topic) in READS.iter().filter(|(reader, _)| *reader == service) {
                for (at, end) in self.servers.broker.ends(topic) {
                    let next = next.get(&at).copied().unwrap_or_default();
                    if next != end {
                        undone.push(format!("{group} is at {next} of {end} of {at}"));
                    }
                }
            }
        }
        undone
    }
}

async fn replay<D: InboxStore>(
    database: &D,
    broker: &MemoryBroker,
    group: &str,
    topic: &str,
) -> Result<(), ReplayError> {
    let ends = async {
        let assigned = |(at, high)| Assigned {
            at,
            low: 0,
            high,
            topic_id: None,
        };
        Ok(broker.ends(topic).into_iter().map(assigned).collect())
    };
    let replay = Replay::new(database.clone(), group, [topic]);
    let plan = replay.plan(topic, ends, &ReplayStart::Earliest).await?;
    replay.begin(&plan).await
}

fn find(processes: &mut [Process], name: Name) -> Option<&mut Process> {
    processes
        .iter_mut()
        .find(|process| (process.name.service, process.name.place) == (name.service, name.place))
}
