use outbox::{Event, EventCollector, MessageContext, OutboxStore, StoreError};

/// Appends `event` to the outbox in the transaction that made it happen.
pub(super) async fn append_event<D: OutboxStore, E: Event>(
    store: &D,
    tx: &mut D::Tx,
    mut out: EventCollector<'_>,
    event: &E,
    context: &MessageContext,
) -> Result<(), StoreError> {
    out.push(event, context.clone())
        .map_err(StoreError::permanent)?;
    out.write(store, tx).await.map(drop)
}
