//! The local copy of products, which both product events keep up to date in the same way.

use events::ProductState;
use outbox::HandleError;

use crate::domain::newest;
use crate::store::OrdersStore;

/// Takes over the states that are newer than what is known. A late or repeated one changes nothing.
pub(super) async fn copy_products<D: OrdersStore>(
    database: &D,
    tx: &mut D::Tx,
    states: &[&ProductState],
) -> Result<(), HandleError> {
    let mut ids: Vec<_> = states.iter().map(|state| state.product_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = database.product_versions(tx, &ids).await?;
    let newer = newest(states.iter().copied(), |id| known.get(&id).copied());
    if !newer.is_empty() {
        database.save_products(tx, &newer).await?;
    }
    Ok(())
}
