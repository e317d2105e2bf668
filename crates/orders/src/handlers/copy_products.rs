//! The local copy of products, which both product events keep up to date in the same way.

use events::ProductState;
use outbox::{EventCollector, HandleError};

use crate::domain::newest;
use crate::store::OrdersStore;

/// Takes over the states that are newer than what is known. A late or repeated one changes nothing.
pub(super) async fn copy_products<D: OrdersStore>(
    database: &D,
    tx: &mut D::Tx,
    states: &[&ProductState],
    out: &mut EventCollector<'_>,
) -> Result<(), HandleError> {
    let mut ids: Vec<_> = states.iter().map(|state| state.product_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = database.product_versions(tx, &ids).await?;
    let newer = newest(states.iter().copied(), |id| known.get(&id).copied());
    let mut seen = known;
    for state in states {
        let version = seen.get(&state.product_id);
        if version.is_some_and(|version| state.version <= *version) {
            out.duplicates(1);
        } else {
            seen.insert(state.product_id, state.version);
        }
    }
    if !newer.is_empty() {
        database.save_products(tx, &newer).await?;
    }
    Ok(())
}
