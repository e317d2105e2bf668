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
    stall_timeout: Duration,
    /// Requests whose answer has not been handed over to its end.
    in_flight: AtomicUsize,
    /// The client has not taken what was last written.
    writing: AtomicBool,
    /// Answers over HTTP/2 with a frame for which the client has not yet given window.
    held: AtomicUsize,
    /// When one of these frames last found window, in milliseconds since `began`.
    taken: AtomicU64,
    /// Since when it waits, in milliseconds since `began`.
    since: AtomicU64,
    /// It waits for the rest of a head rather than for a request.
    head: AtomicBool,
    /// Its bytes are frames of HTTP/2: some come without a request.
    frames: AtomicBool,
}

/// A request in flight; it ends with the value.
#[derive(Debug)]
pub(super) struct InFlight {
    activity: Arc<Activity>,
    version: Version,
    holds: bool,
}

impl Activity {
    /// A connection that was just made: its first head is to come.
    pub(super) fn new(settings: &ConnectionSettings) -> Self {
        Self {
            began: Instant::now(),
            head_timeout: settings.head_timeout,
            idle_timeout: settings.idle_timeout,
            stall_timeout: settings.stall_timeout,
            in_flight: AtomicUsize::new(0),
            writing: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
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
        InFlight {
            activity: Arc::clone(self),
            version,
            holds: false,
        }
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

    /// Whether the client has yet to take what was last written. An answer is handed over long
    /// before it has gone.
    pub(super) fn writing(&self, writing: bool) {
        if writing {
            self.writing.store(true, Ordering::Release);
        } else if self.writing.load(Ordering::Acquire) {
            // Before the flag: whoever sees that it waits also sees since when.
            self.since.store(self.now(), Ordering::Release);
            self.writing.store(false, Ordering::Release);
        }
    }

    /// Whether no request is in flight and no answer on its way.
    pub(super) fn waits(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0 && !self.writing.load(Ordering::Acquire)
    }

    /// Whether the rest of a head is what is waited for.
    pub(super) fn is_in_head(&self) -> bool {
        self.head.load(Ordering::Acquire)
    }

    /// Until when it may wait, or hold what it gives no window for; `None` while neither is so.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.held.load(Ordering::Acquire) > 0 {
            let taken = Duration::from_millis(self.taken.load(Ordering::Acquire));
            return Some(self.began + taken + self.stall_timeout);
        }
        let limit = if self.is_in_head() {
            self.head_timeout
        } else {
            self.idle_timeout
        };
        let since = Duration::from_millis(self.since.load(Ordering::Acquire));
        self.waits().then(|| self.began + since + limit)
    }

    /// When to look again: no deadline that arises from now on is before.
    pub(super) fn look_again(&self) -> Instant {
        let shortest = self.head_timeout.min(self.idle_timeout);
        Instant::now() + shortest.min(self.stall_timeout)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl InFlight {
    /// Whether the client has a window for each answer, which may be shut.
    pub(super) fn has_window(&self) -> bool {
        self.version == Version::HTTP_2
    }

    /// A frame of the answer was handed over, to go when the client gives window for it.
    pub(super) fn holds(&mut self) {
        let activity = &self.activity;
        if activity.held.load(Ordering::Acquire) == 0 {
            activity.taken.store(activity.now(), Ordering::Release);
        }
        activity.held.fetch_add(1, Ordering::AcqRel);
        self.holds = true;
    }

    /// There was window for the frame, or the answer is over.
    pub(super) fn holds_no_more(&mut self) {
        if std::mem::take(&mut self.holds) {
            let activity = &self.activity;
            activity.taken.store(activity.now(), Ordering::Release);
            activity.held.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.holds_no_more();
        let activity = &self.activity;
        // Before the count: whoever sees that it waits also sees since when.
        activity.since.store(activity.now(), Ordering::Release);
        activity.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
