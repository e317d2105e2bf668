//! What a connection is doing, and until when it may.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Version;

use crate::config::ConnectionSettings;

/// What one connection is doing; shared by what reads it and what answers its requests.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    head_timeout: Duration,
    idle_timeout: Duration,
    /// Requests whose answer has not been handed over to its end.
    in_flight: AtomicUsize,
    /// Since when it waits, in milliseconds since `began`.
    since: AtomicU64,
    /// It waits for the rest of a head rather than for a request.
    head: AtomicBool,
    /// Its bytes are frames of HTTP/2: some come without a request.
    frames: AtomicBool,
}

/// A request in flight; it ends with the value.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Activity {
    /// A connection that was just made: its first head is to come.
    pub(super) fn new(settings: &ConnectionSettings) -> Self {
        Self {
            began: Instant::now(),
            head_timeout: settings.head_timeout,
            idle_timeout: settings.idle_timeout,
            in_flight: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            head: AtomicBool::new(true),
            frames: AtomicBool::new(false),
        }
    }

    pub(super) fn request(self: &Arc<Self>, version: Version) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.head.store(false, Ordering::Release);
        self.frames
            .store(version == Version::HTTP_2, Ordering::Release);
        InFlight(Arc::clone(self))
    }

    /// Bytes have come.
    pub(super) fn bytes(&self) {
        if self.waits()
            && !self.frames.load(Ordering::Acquire)
            && !self.head.swap(true, Ordering::AcqRel)
        {
            self.since.store(self.now(), Ordering::Release);
        }
    }

    /// Whether no request is in flight.
    pub(super) fn waits(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0
    }

    /// Whether the rest of a head is what is waited for.
    pub(super) fn is_in_head(&self) -> bool {
        self.head.load(Ordering::Acquire)
    }

    /// Until when it may wait; `None` while a request is in flight.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let limit = if self.is_in_head() {
            self.head_timeout
        } else {
            self.idle_timeout
        };
        let since = Duration::from_millis(self.since.load(Ordering::Acquire));
        self.waits().then(|| self.began + since + limit)
    }

    /// When to look again while there is no deadline.
    pub(super) fn look_again(&self) -> Instant {
        Instant::now() + self.head_timeout.min(self.idle_timeout)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // Before the count: whoever sees that it waits also sees since when.
        self.0.since.store(self.0.now(), Ordering::Release);
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
