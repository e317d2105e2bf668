//! Which handler gets which event.

use std::collections::BTreeMap;
use std::sync::Arc;

use outbox::memory::{MemoryBroker, MemoryDatabase, MemoryTx};
use outbox::{
    Clock as _, Envelope, Event, EventCollector, Handle, HandleError, Inbox, InboxSettings,
    Message, MessageContext, Publisher as _, Subscriptions, SystemClock,
};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

type Counts = BTreeMap<&'static str, u32>;

macro_rules! events {
    ($($name:ident),*) => { $(
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        struct $name;

        impl Event for $name {
            const TYPE: &'static str = stringify!($name);
            const VERSION: u32 = 1;
            const TOPIC: &'static str = "t";

            fn key(&self) -> String {
                "k".to_owned()
            }

            fn aggregate_version(&self) -> u64 {
                1
            }
        }

        impl Handle<$name, MemoryDatabase<Counts>> for Count {
            async fn handle(
                &self,
                tx: &mut MemoryTx<Counts>,
                events: &[&Envelope<$name>],
                _out: &mut EventCollector<'_>,
            ) -> Result<(), HandleError> {
                let count = tx.state.entry(stringify!($name)).or_default();
                *count += u32::try_from(events.len()).unwrap_or_default();
                Ok(())
            }
        }
    )* };
}

/// Without fields, so that two of them can have the same address.
struct Count;

events!(Came, Went);

fn message<E: Event>(event: &E) -> Message {
    let (id, now) = (SystemClock.uuid(), SystemClock.now());
    Message::new(id, "s", now, MessageContext::default(), event).expect("it is valid")
}

#[tokio::test]
async fn handlers_without_fields_get_their_own_events() {
    let broker = MemoryBroker::new(1);
    let turns = [
        message(&Came),
        message(&Went),
        message(&Went),
        message(&Came),
    ];
    broker.publish(&turns).await.expect("it takes them");
    broker.publish(&turns[..1]).await.expect("it takes it");
    let db: MemoryDatabase<Counts> = MemoryDatabase::default();
    let subscriptions = Subscriptions::new("g")
        .on::<Came, _>(Count)
        .on::<Went, _>(Count);
    let inbox = Inbox::new(
        db.clone(),
        broker.subscribe("g", &["t"]),
        subscriptions,
        "g",
        Arc::new(SystemClock),
        InboxSettings::default(),
    );
    let stop = CancellationToken::new();
    let running = tokio::spawn(inbox.run(stop.clone()));
    let expected: Counts = [("Came", 3), ("Went", 2)].into();
    eventually("each is counted", || async { db.state() == expected }).await;
    stop.cancel();
    let ended = running.await.expect("it does not panic");
    ended.expect("the checkpoints fit");
}
