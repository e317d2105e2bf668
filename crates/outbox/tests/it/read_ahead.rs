//! An inbox takes from its source what it can apply, so that a long backlog stays with
//! the broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outbox::memory::MemorySource;
use outbox::{Claim, Source, SourceEvent, TopicPartition};
use testkit::eventually;

use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Ledger as _, deposit, paid};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};

/// Counts the records handed over and reported back.
struct Counting {
    inner: MemorySource,
    handed: usize,
    reported: i64,
    most: Arc<AtomicUsize>,
}

impl Counting {
    fn note(&mut self, event: Option<&SourceEvent>) {
        if let Some(SourceEvent::Records(records)) = event {
            self.handed += records.len();
            let applied = usize::try_from(self.reported).unwrap_or_default();
            self.most.fetch_max(self.handed - applied, Ordering::SeqCst);
        }
    }
}

impl Source for Counting {
    async fn next(&mut self) -> Option<SourceEvent> {
        let event = self.inner.next().await;
        self.note(event.as_ref());
        event
    }

    fn try_next(&mut self) -> Option<SourceEvent> {
        let event = self.inner.try_next();
        self.note(event.as_ref());
        event
    }

    fn begin(&mut self, claims: &[Claim]) {
        self.inner.begin(claims);
    }

    fn restart(&mut self) {
        self.inner.restart();
    }

    fn report(&mut self, progress: &[(TopicPartition, i64)]) {
        self.reported = progress.iter().map(|(_, next)| *next).sum();
        self.inner.report(progress);
    }

    fn close(&mut self) {
        self.inner.close();
    }
}

#[tokio::test]
async fn a_long_backlog_is_not_taken_into_memory() {
    let rig = MemoryRig::new(1);
    let db = rig.database().await;
    let messages: Vec<_> = (1..=10_000).map(|version| deposit("a", version)).collect();
    rig.publish(&messages).await;
    let most = Arc::new(AtomicUsize::new(0));
    let source = Counting {
        inner: rig.source(GROUP),
        handed: 0,
        reported: 0,
        most: Arc::clone(&most),
    };
    let consuming = inbox(&db, source, Book::new(db.clone()));
    eventually("all is applied", || async {
        db.committed("a").await == paid(10_000)
    })
    .await;
    consuming.stop().await.expect("the checkpoints fit");
    // A batch that is not full yet, and the chunk that fills it.
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 250 + 500, "{most} records were held at once");
}
