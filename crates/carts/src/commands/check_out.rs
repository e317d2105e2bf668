//! Checks a cart out: it is to become an order.

use std::collections::BTreeSet;

use events::{AccountId, Address, CartCheckout, OrderId, PaymentChoice};
use outbox::{Clock, EventCollector, MessageContext, OutboxStore, Rows, StoreError, Work};
use uuid::Uuid;

use super::own_cart::{OwnCart, Owner};
use crate::domain::{Checkout, CheckoutRefusal, CheckoutStatus, total};
use crate::name::NAME;
use crate::store;

/// What a customer asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The customer.
    pub account_id: AccountId,
    /// A visitor's cart that is to be merged first.
    pub merge: Option<Uuid>,
    /// The cart's version that the customer saw.
    pub version: Option<u64>,
    /// How the order is to be paid for.
    pub payment: PaymentChoice,
    /// Where it goes.
    pub delivery: Address,
    /// The digest of both.
    pub asked: [u8; 32],
}

/// Freezes the cart and, in the same transaction, publishes [`CartCheckout`]. While it is frozen the same
/// again comes back with the same order.
pub struct CheckOut<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    // Drawn once: when the work runs again after an unknown outcome, it finds its own checkout.
    order_id: OrderId,
    event_id: Uuid,
    request: Request,
}

impl<'a, D> CheckOut<'a, D> {
    /// Does what `request` asks for.
    pub fn new(
        database: &'a D,
        clock: &'a dyn Clock,
        context: MessageContext,
        request: Request,
    ) -> Self {
        Self {
            database,
            clock,
            context,
            order_id: OrderId::from_bytes(clock.uuid().into_bytes()),
            event_id: clock.uuid(),
            request,
        }
    }
}

impl<D: OutboxStore + Rows> Work<D> for CheckOut<'_, D> {
    type Output = Result<OrderId, CheckoutRefusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let (database, now, request) = (self.database, self.clock.now(), &self.request);
        let owner = Owner::Account {
            id: request.account_id,
            merge: request.merge,
        };
        let mut own = OwnCart::read(database, tx, owner, now).await?;
        if own.cart.closed {
            return Ok(Err(CheckoutRefusal::Closed));
        }
        if let Some(frozen) = own.cart.frozen {
            let known = store::checkouts(database, tx, BTreeSet::from([frozen])).await?;
            let same = |checkout: &Checkout| checkout.asked == Some(request.asked);
            return Ok(if known.get(&frozen).is_some_and(same) {
                Ok(frozen)
            } else {
                Err(CheckoutRefusal::UnderWay(frozen))
            });
        }
        let version = own.cart.version;
        if request
            .version
            .is_some_and(|seen| seen != version || own.is_merged())
        {
            return Ok(Err(CheckoutRefusal::Stale(version)));
        }
        let products = store::versions_of(database, tx, &own.cart).await?;
        let lines = match own.cart.freeze(self.order_id, &products) {
            Ok(lines) => lines,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let event = CartCheckout {
            order_id: self.order_id,
            customer_id: request.account_id,
            total: total(&lines).map_err(StoreError::permanent)?,
            lines: lines.clone(),
            payment: Some(request.payment.clone()),
            delivery: Some(request.delivery.clone()),
            version: 1,
        };
        let checkout = Checkout {
            order_id: self.order_id,
            account_id: request.account_id,
            status: CheckoutStatus::Pending,
            lines,
            reason: None,
            asked: Some(request.asked),
            expires_at: None,
        };
        store::insert_checkouts(database, tx, &[checkout]).await?;
        own.save(database, tx, now).await?;
        let mut out = EventCollector::new(NAME, self.clock);
        out.push_as(self.event_id, &event, self.context.clone())
            .map_err(StoreError::permanent)?;
        out.write(database, tx).await?;
        Ok(Ok(self.order_id))
    }
}
