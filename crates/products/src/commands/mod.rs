//! What can be asked of the service, one file per command: decide, save, append the event,
//! in one transaction.

mod create_category;
mod create_product;
mod raise_stock;

use outbox::{Event, MessageContext, OutboxStore, Outgoing, StoreError};
use thiserror::Error;

use crate::domain::Refusal;

pub use create_category::create_category;
pub use create_product::create_product;
pub use raise_stock::raise_stock;

/// Why a command was not carried out. Nothing has changed then.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The catalogue's rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says `event` in the transaction that made it happen.
async fn say<D: OutboxStore, E: Event>(
    store: &D,
    tx: &mut D::Tx,
    mut out: Outgoing<'_>,
    event: &E,
    context: &MessageContext,
) -> Result<(), StoreError> {
    out.push(event, context.clone())
        .map_err(StoreError::permanent)?;
    out.write(store, tx).await.map(drop)
}
