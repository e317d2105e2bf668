//! The card provider, behind a port.

mod http_provider;
mod port;

pub use http_provider::HttpProvider;
pub(crate) use http_provider::Intent;
pub use port::{PaymentProvider, ProviderError};
