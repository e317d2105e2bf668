use std::cell::OnceCell;

use super::stack::{self, SharedStack};
use crate::workspace::Workspace;

/// What the steps of a run share.
pub(super) struct Run<'a> {
    pub(super) workspace: &'a Workspace,
    /// The crates whose tests are run; all if there is none.
    pub(super) packages: &'a [String],
    /// Arguments of `cargo nextest run`.
    pub(super) nextest: &'a [String],
    pub(super) stack: OnceCell<SharedStack>,
}

impl Run<'_> {
    /// The run's servers, started by the first step that asks.
    pub(super) fn stack(&self) -> anyhow::Result<&SharedStack> {
        if let Some(stack) = self.stack.get() {
            return Ok(stack);
        }
        let started = stack::start()?;
        Ok(self.stack.get_or_init(|| started))
    }
}
