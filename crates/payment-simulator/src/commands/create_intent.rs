//! Authorises a charge, or has it declined.

use events::Money;
use outbox::{MessageContext, OutboxStore, Rows, StoreError, Work};

use super::change::{Changed, Tools};
use crate::domain::{Behaviour, CardToken, Intent, Refusal};
use crate::store::IntentRow;

/// A charge that is wanted.
#[derive(Debug, Clone)]
pub struct NewIntent {
    /// What is charged, above zero.
    pub amount: Money,
    /// The card.
    pub card: CardToken,
    /// What the merchant calls it.
    pub reference: String,
    /// The `Idempotency-Key`.
    pub key: String,
}

/// Writes the intent and what tells it. Run by [`host::once`].
pub struct CreateIntent<'a, D> {
    tools: Tools<'a, D>,
    context: MessageContext,
    new: NewIntent,
}

impl<'a, D> CreateIntent<'a, D> {
    /// Authorises `new`.
    pub fn new(tools: Tools<'a, D>, context: MessageContext, new: NewIntent) -> Self {
        Self {
            tools,
            context,
            new,
        }
    }
}

impl<D: Rows + OutboxStore> Work<D> for CreateIntent<'_, D> {
    type Output = Result<Changed, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let Self {
            tools,
            context,
            new,
        } = self;
        let faults = tools.faults;
        let behaviour = new.card.behaviour();
        let declined = match behaviour {
            Behaviour::Declined(reason) => Some(reason),
            _ => faults
                .strikes(faults.decline_rate, "decline", &new.key)
                .then_some("card-declined"),
        };
        let id = tools.id("pi");
        let intent = Intent::new(
            id.clone(),
            new.reference.clone(),
            new.amount,
            declined.map(str::to_owned),
            tools.clock.now(),
        );
        let row = IntentRow {
            id,
            reference: new.reference.clone(),
            key: new.key.clone(),
            told_twice: behaviour == Behaviour::PaysTwiceTold,
            refused_refunds: Vec::new(),
            intent,
        };
        tools
            .database
            .insert(tx, std::slice::from_ref(&row))
            .await?;
        let webhook = tools.tell(tx, &row, context).await?;
        Ok(Ok(Changed {
            intent: row.intent,
            made: true,
            refund: None,
            webhook,
        }))
    }
}
