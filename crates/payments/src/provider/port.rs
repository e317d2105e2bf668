//! What payments need of a card provider.

use events::Money;
use thiserror::Error;

use crate::domain::Outcome;

/// Why the provider has not done something.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// Nobody knows: it is to be asked again under the same key.
    #[error("{0}")]
    Unknown(String),
    /// It will not, whenever it is asked.
    #[error("{0}")]
    Refused(String),
}

/// A card provider. All that it does may be asked for again and is done once.
pub trait PaymentProvider: Send + Sync + 'static {
    /// Has `amount` promised by the card of `token`, under `key`, which is the reference, too.
    fn charge(
        &self,
        key: &str,
        amount: Money,
        token: &str,
    ) -> impl Future<Output = Result<Outcome, ProviderError>> + Send;

    /// What became of the charge under `key`, if it is known.
    fn find(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Outcome>, ProviderError>> + Send;

    /// Takes what the charge `id` was promised; comes back with what it has come to, whatever that is.
    fn capture(&self, id: &str) -> impl Future<Output = Result<Outcome, ProviderError>> + Send;

    /// Gives back what the charge `id` was promised; comes back with what it has come to, whatever that is.
    fn void(&self, id: &str) -> impl Future<Output = Result<Outcome, ProviderError>> + Send;

    /// Gives `amount` of the charge `id` back, under `key`.
    fn refund(
        &self,
        id: &str,
        key: &str,
        amount: Money,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send;
}
