//! What the parts of a run share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::customer::PATIENCE;
use super::expectations::Expectations;
use super::report::FaultLog;
use super::system::System;
use crate::Client;

/// How to run it.
#[derive(Debug, Clone)]
pub struct Options {
    /// For how long faults are made.
    pub lasts: Duration,
    /// What they are drawn from.
    pub seed: u64,
    /// How many customers order.
    pub customers: u64,
    /// The `quadrille` to run; without it, the one beside this program.
    pub program: Option<PathBuf>,
    /// Where data and logs go, and stay; without it they go to a temporary folder, which stays if
    /// something is wrong.
    pub keep: Option<PathBuf>,
}

/// What the parts of a run share.
pub(super) struct Run {
    pub(super) system: System,
    pub(super) expectations: Arc<Expectations>,
    pub(super) fault_log: Mutex<FaultLog>,
    pub(super) seed: u64,
}

impl Run {
    pub(super) fn fault_log(&self) -> MutexGuard<'_, FaultLog> {
        self.fault_log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn client(&self) -> Client {
        Client::with_patience(&self.system.shop.url(), PATIENCE)
    }
}
