//! Whether a process has still to see that its database is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Clones share it.
#[derive(Clone, Default)]
pub(super) struct RestoreCheck(Arc<AtomicBool>);

impl RestoreCheck {
    pub(super) fn is_required(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn require(&self, required: bool) {
        self.0.store(required, Ordering::Release);
    }
}
