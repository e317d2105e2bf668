//! What the endpoints work with.

use std::sync::Arc;

use host::{Context, StartError};

use crate::faults::FaultSwitch;
use crate::settings::{GATEWAY, KeyDigest, Settings};

/// What the endpoints work with; cheap to clone.
#[derive(Clone)]
pub struct Simulator {
    pub(super) context: Context<Settings>,
    pub(super) key: KeyDigest,
    /// Whether anyone is told of changes.
    pub(super) webhooks: bool,
    pub(super) faults: Arc<FaultSwitch>,
}

impl Simulator {
    /// What endpoints of an instance with `context` work with.
    ///
    /// # Errors
    /// When a secret is missing or none.
    pub fn new(context: Context<Settings>) -> Result<Self, StartError> {
        let (settings, demo) = (context.settings(), context.is_demo());
        let key = settings.key(demo).map_err(StartError::of_service)?;
        let webhooks = settings.webhooks_to(context.address_of(GATEWAY)).is_some();
        if webhooks {
            settings.signer(demo).map_err(StartError::of_service)?;
        }
        let faults = Arc::new(FaultSwitch::new(settings.faults.clone()));
        Ok(Self {
            context,
            key,
            webhooks,
            faults,
        })
    }
}
