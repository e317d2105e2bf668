//! An inbox at work, fed from memory: the database is what a test is about.

use std::sync::Arc;
use std::time::Duration;

use outbox::inbox::InboxError;
use outbox::memory::MemoryBroker;
use outbox::{
    Event, Inbox, InboxSettings, InboxStore, Message, MessageContext, OutboxStore, Publisher as _,
    Subscriptions, SystemClock,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A service's real inbox and handlers on a broker in memory with one partition a topic.
pub struct Consuming {
    broker: MemoryBroker,
    stop: CancellationToken,
    task: JoinHandle<Result<(), InboxError>>,
}

impl Consuming {
    /// Starts it. What it waits for between attempts is short.
    pub fn start<D: InboxStore + OutboxStore>(
        database: &D,
        subscriptions: Subscriptions<D>,
    ) -> Self {
        let broker = MemoryBroker::new(1);
        let topics: Vec<&str> = subscriptions.topics().into_iter().collect();
        let group = subscriptions.group().to_owned();
        let source = broker.subscribe(&group, &topics);
        let settings = InboxSettings {
            max_backoff: Duration::from_millis(200),
            linger: Duration::from_millis(20),
            ..InboxSettings::default()
        };
        let database = database.clone();
        let clock = Arc::new(SystemClock);
        let inbox = Inbox::new(database, source, subscriptions, group, clock, settings);
        let stop = CancellationToken::new();
        let task = tokio::spawn(inbox.run(stop.clone()));
        Self { broker, stop, task }
    }

    /// Lets it consume `events`, as their publisher would publish them.
    ///
    /// # Panics
    /// When an event can't be published.
    pub async fn consume<E: Event>(&self, events: &[E]) {
        let messages: Vec<Message> = events.iter().map(message).collect();
        let sent = self.broker.publish(&messages).await;
        sent.expect("memory takes it");
    }

    /// Ends it in good order.
    ///
    /// # Panics
    /// When it has stopped for good before.
    pub async fn stop(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(30), self.task).await;
        let outcome = ended.expect("it ends in time").expect("it does not panic");
        outcome.expect("the checkpoints fit");
    }
}

fn message<E: Event>(event: &E) -> Message {
    let (id, now) = (Uuid::now_v7(), jiff::Timestamp::now());
    let message = Message::new(id, "test", now, MessageContext::default(), event);
    message.expect("a test's event can be published")
}
