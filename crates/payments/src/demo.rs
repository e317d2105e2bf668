//! Money to try paying with.

use std::sync::Arc;

use events::demo::CUSTOMER;
use host::BoxError;
use outbox::mongo::MongoDatabase;
use outbox::rows::as_uuid;
use outbox::{Clock, MessageContext, OutboxStore, Rows, StoreError, SystemClock, Work, transact};
use uuid::Uuid;

use crate::commands::GrantBalance;
use crate::domain::InvalidGrant;
use crate::store::BalanceRow;

/// What the demo's customer begins with, in minor units: 2,000.00.
const BALANCE: i64 = 200_000;

/// Gives the demo's customer a balance, unless there is one.
pub(crate) async fn load(database: MongoDatabase) -> Result<(), BoxError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let grant = GrantBalance::new(
        &database,
        clock.as_ref(),
        MessageContext::default(),
        CUSTOMER,
        BALANCE,
        "to try paying with".to_owned(),
    )
    // The same in a database that is made anew, whose topic has it already.
    .under(Uuid::from_u128(CUSTOMER.as_u128()));
    transact(
        &database,
        &mut Once {
            database: &database,
            grant,
        },
    )
    .await??;
    Ok(())
}

/// The grant, where the customer has no balance yet.
struct Once<'a, D> {
    database: &'a D,
    grant: GrantBalance<'a, D>,
}

impl<D: Rows + OutboxStore> Work<D> for Once<'_, D> {
    type Output = Result<(), InvalidGrant>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let found: Option<BalanceRow> = self.database.get(tx, as_uuid::of(CUSTOMER)).await?;
        if found.is_some() {
            return Ok(Ok(()));
        }
        Ok(self.grant.run(tx).await?.map(drop))
    }
}
