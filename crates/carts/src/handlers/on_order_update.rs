//! `OrderUpdate`: an order took a step.

use std::collections::BTreeSet;

use events::{OrderId, OrderUpdate};
use jiff::Timestamp;
use newtype_uuid::GenericUuid;
use outbox::{Envelope, EventCollector, Handle, HandleError, Rows, StoreError};
use uuid::Uuid;

use crate::domain::{Cart, Checkout, CheckoutStatus};
use crate::{metrics, store};

/// Handles `OrderUpdate`.
///
/// - **Trigger:** an order took a step.
/// - **Effect:** a checkout is closed by the first that says whether its order stands. The lines of a
///   rejected one join the account's cart again, with the reason.
/// - **Emits:** `CartCheckout` version 2, which overwrites what was personal in version 1.
/// - **Idempotent,** because a checkout is closed once. Of one that was removed since, and of an order that
///   was no cart, nothing is known here.
pub struct OnOrderUpdate<D> {
    database: D,
}

impl<D> OnOrderUpdate<D> {
    /// A handler on `database`.
    pub fn new(database: D) -> Self {
        Self { database }
    }
}

impl<D: Rows> Handle<OrderUpdate, D> for OnOrderUpdate<D> {
    fn wants(&self, event: &OrderUpdate) -> bool {
        CheckoutStatus::of(event.status).is_some()
    }

    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let ids: BTreeSet<OrderId> = events.iter().map(|one| one.event.order_id).collect();
        let mut known = store::checkouts(&self.database, tx, ids).await?;
        let mut closed = Vec::new();
        for one in events {
            let checkout = known.get_mut(&one.event.order_id);
            let Some(checkout) = checkout.filter(|checkout| checkout.is_pending()) else {
                out.duplicates(1);
                continue;
            };
            if checkout.apply(&one.event, out.now()) {
                out.push(&checkout.closed(), one.consequence())?;
                closed.push(checkout.clone());
            }
        }
        if closed.is_empty() {
            return Ok(());
        }
        store::close_checkouts(&self.database, tx, &closed).await?;
        settle_carts(&self.database, tx, &closed, out.now()).await?;
        out.on_commit(move || {
            for checkout in closed {
                metrics::checkouts_closed(checkout.status, 1);
            }
        });
        Ok(())
    }
}

/// Has the carts of `closed` take over what became of them.
async fn settle_carts<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    closed: &[Checkout],
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: BTreeSet<Uuid> = closed
        .iter()
        .map(|checkout| checkout.account_id.into_untyped_uuid())
        .collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let known = store::find(database, tx, &ids).await?;
    let mut carts = known.clone();
    for checkout in closed {
        let empty = Cart::of_account(checkout.account_id);
        carts.entry(empty.id).or_insert(empty).settle(checkout);
    }
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for mut cart in carts.into_values() {
        let before = known.get(&cart.id);
        if before.map_or(&[][..], |before| &before.lines) != cart.lines {
            cart.touch(now);
        }
        match before {
            Some(before) if *before != cart => changed.push(cart),
            // After a restore.
            None if cart.version > 0 => new.push(cart),
            Some(_) | None => {}
        }
    }
    store::insert(database, tx, &new).await?;
    store::replace(database, tx, &changed).await
}
