//! Changes one payment.

use events::{AccountId, OrderId};
use outbox::{Clock, EventCollector, MessageContext, OutboxStore, Rows, StoreError, Work};

use super::books::Books;
use crate::domain::{Balance, Payment};
use crate::name::NAME;

/// Why a payment is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotChanged<R> {
    /// There is none, or it is somebody else's.
    Unknown,
    /// Its rules say no.
    Refused(R),
}

/// Has `act` change the payment of an order, and writes and publishes what comes of it. It comes back with
/// what `act` does, and the payment since then.
pub struct ChangePayment<'a, D, F> {
    database: &'a D,
    clock: &'a dyn Clock,
    order: OrderId,
    owner: Option<AccountId>,
    context: MessageContext,
    act: F,
}

impl<'a, D, F> ChangePayment<'a, D, F> {
    /// Has `act` change the payment of `order`.
    pub fn new(
        database: &'a D,
        clock: &'a dyn Clock,
        order: OrderId,
        context: MessageContext,
        act: F,
    ) -> Self {
        Self {
            database,
            clock,
            order,
            owner: None,
            context,
            act,
        }
    }

    /// Only if the order is `owner`'s.
    #[must_use]
    pub fn of(self, owner: AccountId) -> Self {
        Self {
            owner: Some(owner),
            ..self
        }
    }
}

impl<D, T, R, F> Work<D> for ChangePayment<'_, D, F>
where
    D: Rows + OutboxStore,
    F: FnMut(&mut Payment, &Balance) -> Result<T, R> + Send,
    T: Send,
    R: Send,
{
    type Output = Result<(T, Payment), NotChanged<R>>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let (database, order) = (self.database, self.order);
        let mut books = Books::open(database, self.clock, tx, [order].into(), []).await?;
        let owner = books.payment(order).map(|payment| payment.customer_id);
        if owner.is_none() || self.owner.is_some() && owner != self.owner {
            return Ok(Err(NotChanged::Unknown));
        }
        let done = match books.change(order, &self.context, &mut self.act)? {
            Some(Ok(done)) => done,
            Some(Err(refused)) => return Ok(Err(NotChanged::Refused(refused))),
            None => return Ok(Err(NotChanged::Unknown)),
        };
        let mut out = EventCollector::new(NAME, self.clock);
        let changed = books.close(tx, &mut out).await?;
        out.write(database, tx).await?;
        let payment = changed.into_iter().next();
        Ok(payment
            .map(|payment| (done, payment))
            .ok_or(NotChanged::Unknown))
    }
}
