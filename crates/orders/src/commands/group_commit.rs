//! Requests that arrive together share one transaction.
//!
//! A commit on a majority's journal takes milliseconds, whether it writes one order or two hundred,
//! and so does each step that follows from it: another round of the relay, another batch for those
//! who hear of it. What leaves here together goes the whole way together, so this is where orders
//! are gathered, and those further on wait little: see [`gather`].

use std::sync::Arc;
use std::time::Duration;

use outbox::trace::{BatchSpans, Item, Step};
use outbox::{Clock, ErrorKind, StoreError, transact};
use thiserror::Error;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Decision, PlaceOrder, PlaceOrders, Placed};
use crate::metrics::PlacingMetrics;
use crate::name::NAME;
use crate::settings::BatchSettings;
use crate::store::OrdersStore;

/// The most order lines in one transaction: keeps its outbox record well below the 16 MiB that a
/// MongoDB document may have.
const MAX_LINES_PER_BATCH: usize = 5_000;

/// The longest that orders are held back to travel in company, besides the configured linger.
const GATHERED_FOR: Duration = Duration::from_millis(20);
/// So long without a further order means that those who could place one wait for an answer.
const GAP: Duration = Duration::from_millis(4);
/// So many in company have little to gain by more.
const ENOUGH: usize = 64;

/// How long to gather after a transaction with `orders` that took `took`: nothing is held back for
/// a single order after a quiet moment, and the more there are the longer it pays.
fn gather(took: Duration, orders: usize) -> Duration {
    let orders = u32::try_from(orders).unwrap_or(u32::MAX);
    (took / 2).saturating_mul(orders).min(GATHERED_FOR)
}

/// Why a request got no decision.
#[derive(Debug, Clone, Error)]
pub enum QueueError {
    /// So much is queued that it would take too long. Nothing was changed.
    #[error("too many orders are waiting")]
    Busy,
    /// The database did not answer in time. The order may have been placed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The transaction can't be done, for a reason that is not the customer's.
    #[error("the order could not be saved: {0}")]
    Failed(String),
}

struct Job {
    request: PlaceOrder,
    answer: oneshot::Sender<Result<Decision, QueueError>>,
}

/// The queue of requests to place orders.
#[derive(Clone)]
pub struct OrderQueue {
    jobs: mpsc::Sender<Job>,
    patience: Duration,
}

impl OrderQueue {
    /// Queues `request` and waits for what becomes of it. Given up by the caller it is not placed,
    /// unless its transaction has begun.
    ///
    /// # Errors
    /// When the queue is full, or there is no decision within the configured patience.
    pub async fn place(&self, request: PlaceOrder) -> Result<Decision, QueueError> {
        let (answer, decision) = oneshot::channel();
        self.jobs
            .try_send(Job { request, answer })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => QueueError::Busy,
                mpsc::error::TrySendError::Closed(_) => {
                    QueueError::Unavailable("the service is shutting down".to_owned())
                }
            })?;
        match timeout(self.patience, decision).await {
            Ok(Ok(decision)) => decision,
            Ok(Err(_)) => Err(QueueError::Unavailable(
                "the service is shutting down".to_owned(),
            )),
            Err(_) => Err(QueueError::Unavailable(format!(
                "no decision within {} s",
                self.patience.as_secs_f32()
            ))),
        }
    }
}

/// The loop that takes what is queued and commits it.
pub struct GroupCommit<D> {
    database: D,
    clock: Arc<dyn Clock>,
    settings: BatchSettings,
    metrics: PlacingMetrics,
}

impl<D: OrdersStore> GroupCommit<D> {
    /// Starts the configured number of writers. They end once `closing` is cancelled and
    /// everything queued until then is answered; the returned set then is empty.
    pub fn start(
        database: D,
        clock: Arc<dyn Clock>,
        settings: BatchSettings,
        closing: &CancellationToken,
    ) -> (OrderQueue, JoinSet<()>) {
        let (jobs, queue) = mpsc::channel(settings.queue.max(1));
        let order_queue = OrderQueue {
            jobs,
            patience: settings.patience,
        };
        let queue = Arc::new(Mutex::new(queue));
        let writers = settings.writers.max(1);
        let commit = Arc::new(Self {
            database,
            clock,
            settings,
            metrics: PlacingMetrics::new(),
        });
        let mut tasks = JoinSet::new();
        for _ in 0..writers {
            tasks.spawn(commit.clone().write(queue.clone(), closing.clone()));
        }
        (order_queue, tasks)
    }

    async fn write(
        self: Arc<Self>,
        queue: Arc<Mutex<mpsc::Receiver<Job>>>,
        closing: CancellationToken,
    ) {
        let mut gathered = Instant::now();
        loop {
            let mut queue_held = queue.lock().await;
            let jobs = self.next_batch(&mut queue_held, &closing, gathered).await;
            drop(queue_held);
            if jobs.is_empty() {
                return;
            }
            let (began, orders) = (Instant::now(), jobs.len());
            self.commit(jobs).await;
            gathered = Instant::now() + gather(began.elapsed(), orders);
        }
    }

    /// What is queued, at least one, and what follows on its heels until `gathered`; empty when
    /// nothing will come any more.
    async fn next_batch(
        &self,
        queue: &mut mpsc::Receiver<Job>,
        closing: &CancellationToken,
        gathered: Instant,
    ) -> Vec<Job> {
        let first = tokio::select! {
            biased;
            job = queue.recv() => job,
            () = closing.cancelled() => {
                queue.close();
                queue.recv().await
            }
        };
        let mut jobs: Vec<Job> = first.into_iter().collect();
        let Some(first) = jobs.first() else {
            return jobs;
        };
        let mut lines = first.request.basket.items().len();
        let linger = Instant::now() + self.settings.linger;
        while jobs.len() < self.settings.max_batch && lines < MAX_LINES_PER_BATCH {
            let until = if jobs.len() < ENOUGH {
                gathered.min(Instant::now() + GAP).max(linger)
            } else {
                linger
            };
            let next = match queue.try_recv() {
                Ok(job) => Some(job),
                Err(_) if closing.is_cancelled() || until <= Instant::now() => None,
                Err(_) => timeout_at(until, queue.recv()).await.ok().flatten(),
            };
            let Some(job) = next else { break };
            lines += job.request.basket.items().len();
            jobs.push(job);
        }
        jobs
    }

    async fn commit(&self, mut jobs: Vec<Job>) {
        // Whoever has gone got no answer, so there must be no order either.
        jobs.retain(|job| !job.answer.is_closed());
        if jobs.is_empty() {
            return;
        }
        let (mut requests, answers): (Vec<_>, Vec<_>) = jobs
            .into_iter()
            .map(|job| (job.request, job.answer))
            .unzip();
        let mut spans = BatchSpans::begin(Step::Commit, NAME, &requests);
        // What follows from an order belongs to its span in here.
        for (index, request) in requests.iter_mut().enumerate() {
            if let Some(traceparent) = spans.traceparent(index) {
                request.context.traceparent = Some(traceparent.to_owned());
            }
        }
        let began = Instant::now();
        let outcome = self.transact(&requests, false).await;
        self.metrics.tried(requests.len(), began.elapsed());
        if let Err(fault) = &outcome {
            spans.failed(fault);
        }
        drop(spans);
        match outcome {
            Ok(decisions) => {
                self.metrics.decided(&decisions);
                for ((request, answer), decision) in requests.iter().zip(answers).zip(decisions) {
                    report(request, &decision);
                    // A customer who has gone finds the order in the list.
                    let _gone = answer.send(Ok(decision));
                }
            }
            Err(fault) if requests.len() > 1 && is_of_one(&fault) => {
                tracing::warn!(%fault, orders = requests.len(), "the batch failed; each order is tried alone");
                self.commit_each(&requests, answers).await;
            }
            Err(fault) => {
                let error = queue_error(&fault);
                for answer in answers {
                    let _gone = answer.send(Err(error.clone()));
                }
            }
        }
    }

    /// One request can't be saved, or something always comes between: the others go on.
    async fn commit_each(
        &self,
        requests: &[PlaceOrder],
        answers: Vec<oneshot::Sender<Result<Decision, QueueError>>>,
    ) {
        for (request, answer) in requests.iter().zip(answers) {
            let outcome = match self.transact(std::slice::from_ref(request), true).await {
                Ok(mut decisions) => match decisions.pop() {
                    Some(decision) => {
                        self.metrics.decided(std::slice::from_ref(&decision));
                        report(request, &decision);
                        Ok(decision)
                    }
                    None => Err(QueueError::Failed("no decision was made".to_owned())),
                },
                Err(fault) => {
                    tracing::error!(target: "order", order_id = %request.id, %fault, "the order could not be saved");
                    Err(queue_error(&fault))
                }
            };
            let _gone = answer.send(outcome);
        }
    }

    async fn transact(
        &self,
        requests: &[PlaceOrder],
        may_exist: bool,
    ) -> Result<Vec<Decision>, StoreError> {
        let mut work = PlaceOrders::new(&self.database, self.clock.as_ref(), requests, may_exist);
        // A server that holds the connection but does not answer must not hold this writer.
        match timeout(
            self.settings.patience * 2,
            transact(&self.database, &mut work),
        )
        .await
        {
            Ok(outcome) => outcome,
            Err(_) => Err(StoreError::transient("the transaction took too long")),
        }
    }
}

fn is_of_one(fault: &StoreError) -> bool {
    matches!(fault.kind(), ErrorKind::Permanent | ErrorKind::Conflict)
}

fn queue_error(fault: &StoreError) -> QueueError {
    match fault.kind() {
        ErrorKind::Permanent | ErrorKind::Fenced => QueueError::Failed(fault.to_string()),
        ErrorKind::Transient | ErrorKind::Conflict => QueueError::Unavailable(fault.to_string()),
    }
}

impl<'a> From<&'a PlaceOrder> for Item<'a> {
    fn from(request: &'a PlaceOrder) -> Self {
        Self {
            name: "order",
            traceparent: request.context.traceparent.as_deref(),
            topic: None,
            key: None,
        }
    }
}

fn report(request: &PlaceOrder, decision: &Decision) {
    let request_id = request.context.correlation_id.as_deref().unwrap_or("-");
    let (trace_id, span_id) = (request.context.trace_id(), request.context.span_id());
    match decision {
        Ok(Placed::New(order)) => {
            tracing::info!(
                target: "order", order_id = %order.id, request_id, trace_id, span_id, event_id = %request.event_id,
                total = %order.total, "placed"
            );
        }
        Ok(Placed::Again(order)) => {
            tracing::info!(
                target: "order", order_id = %order.id, request_id, trace_id, span_id, "answered again"
            );
        }
        Err(declined) => {
            tracing::info!(target: "order", request_id, trace_id, span_id, reason = %declined, "refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use events::{AccountId, OrderId};
    use outbox::memory::MemoryDatabase;
    use outbox::{MessageContext, SystemClock};
    use uuid::Uuid;

    use super::*;
    use crate::domain::Basket;
    use crate::store::memory::Tables;

    /// How long a batch of `orders` that are there waits while `gathered` has 20 ms to go, and how
    /// many it carries when another one comes after each `apart`.
    async fn waits(orders: usize, apart: Duration) -> (Duration, usize) {
        let commit = GroupCommit {
            database: MemoryDatabase::<Tables>::default(),
            clock: Arc::new(SystemClock),
            settings: BatchSettings::default(),
            metrics: PlacingMetrics::new(),
        };
        let (jobs, mut queue) = mpsc::channel(256);
        let job = || Job {
            request: PlaceOrder {
                id: OrderId::from_u128(1),
                event_id: Uuid::nil(),
                customer: AccountId::from_u128(2),
                basket: Basket::new([("cup".to_owned(), 1)]).unwrap(),
                payment: None,
                delivery: None,
                retry: None,
                context: MessageContext::default(),
            },
            answer: oneshot::channel().0,
        };
        for _ in 0..orders {
            assert!(jobs.try_send(job()).is_ok());
        }
        let coming = async {
            loop {
                tokio::time::sleep(apart).await;
                assert!(jobs.try_send(job()).is_ok());
            }
        };
        let began = Instant::now();
        let closing = CancellationToken::new();
        let batch = commit.next_batch(&mut queue, &closing, began + GATHERED_FOR);
        tokio::select! {
            batch = batch => (began.elapsed(), batch.len()),
            () = coming => unreachable!("they come for ever"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_waits_for_those_who_come_and_not_for_those_who_do_not() {
        let ms = Duration::from_millis;
        assert_eq!(waits(1, ms(3)).await, (GATHERED_FOR, 7), "they come");
        assert_eq!(waits(1, ms(5)).await, (GAP, 1), "nobody comes soon");
        assert_eq!(waits(ENOUGH, ms(1)).await, (Duration::ZERO, ENOUGH));
    }

    #[test]
    fn the_more_there_were_the_longer_is_gathered_up_to_a_bound() {
        let took = Duration::from_millis(4);
        assert_eq!(gather(took, 0), Duration::ZERO);
        assert_eq!(gather(took, 1), Duration::from_millis(2));
        assert_eq!(gather(took, 5), Duration::from_millis(10));
        assert_eq!(gather(took, 200), GATHERED_FOR);
        assert_eq!(gather(Duration::MAX, usize::MAX), GATHERED_FOR);
    }
}
