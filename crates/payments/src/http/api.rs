//! What the endpoints work with.

use std::sync::Arc;

use axum::extract::FromRef;
use host::{Context, StartError};
use service::token::Verifier;
use standardwebhooks::Webhook;

use crate::settings::Settings;

/// What the endpoints work with; cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub(super) context: Context<Settings>,
    pub(super) webhooks: Option<Arc<Webhook>>,
}

impl Api {
    /// What endpoints of an instance with `context` work with.
    ///
    /// # Errors
    /// When the secret of webhooks is none.
    pub fn new(context: Context<Settings>) -> Result<Self, StartError> {
        let verifier = context.settings().verifier(context.is_demo());
        let webhooks = verifier.map_err(StartError::of_service)?;
        Ok(Self {
            context,
            webhooks: webhooks.map(Arc::new),
        })
    }
}

impl FromRef<Api> for Verifier {
    fn from_ref(api: &Api) -> Self {
        api.context.verifier()
    }
}
