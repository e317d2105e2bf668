//! Captures or voids an intent.

use outbox::{MessageContext, OutboxStore, Rows, StoreError, Work};

use super::change::{Changed, Tools};
use crate::domain::{Change, Refusal};
use crate::store::{EntryKind, IntentRow};

/// What is to be done with an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Take the money.
    Capture,
    /// Give the promise back.
    Void,
}

impl Move {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Void => "void",
        }
    }
}

/// Writes the step, the books and what tells it. Repeated, it changes nothing.
pub struct MoveIntent<'a, D> {
    tools: Tools<'a, D>,
    context: MessageContext,
    id: &'a str,
    what: Move,
}

impl<'a, D> MoveIntent<'a, D> {
    /// Does `what` with the intent `id`.
    pub fn new(tools: Tools<'a, D>, context: MessageContext, id: &'a str, what: Move) -> Self {
        Self {
            tools,
            context,
            id,
            what,
        }
    }
}

impl<D: Rows + OutboxStore> Work<D> for MoveIntent<'_, D> {
    type Output = Result<Changed, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let database = self.tools.database;
        let Some(mut row) = database.get::<IntentRow>(tx, self.id).await? else {
            return Ok(Err(Refusal::Unknown));
        };
        let change = match self.what {
            Move::Capture => row.intent.capture(),
            Move::Void => row.intent.void(),
        };
        match change {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(Change::None) => return Ok(Ok(Changed::nothing(row.intent))),
            Ok(Change::Made) => {}
        }
        database.replace(tx, std::slice::from_ref(&row)).await?;
        if self.what == Move::Capture {
            let charged = row.intent.captured();
            let booked = self.tools.book(tx, EntryKind::Charge, &row.intent, charged);
            booked.await?;
        }
        let webhook = self.tools.tell(tx, &row, &self.context).await?;
        Ok(Ok(Changed {
            intent: row.intent,
            made: true,
            refund: None,
            webhook,
        }))
    }
}
