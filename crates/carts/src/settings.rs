//! What can be set.

/// What can be set for this service alone: nothing.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
#[group(skip)]
pub struct Settings {}
