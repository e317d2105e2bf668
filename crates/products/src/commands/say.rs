use outbox::{Event, MessageContext, OutboxStore, Outgoing, StoreError};

/// Says `event` in the transaction that made it happen.
pub(super) async fn say<D: OutboxStore, E: Event>(
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
