//! A database restored from an older backup takes its own purchases back before it listens.

use events::{PurchaseCreate, topics};
use outbox::Recover;
use purchases::recovery::PurchaseRecovery;
use testkit::{Backup, problem_code};

use crate::server::{Server, purchase};

#[tokio::test]
async fn purchases_taken_after_the_backup_come_back() {
    let server = Server::start(true).await;
    server.buy("ann", 2).await;
    let database = server.environment.database("purchases").await;
    let backup = Backup::of(&database).await;
    server.buy("bob", 3).await;
    let before = (server.purchases("ann").await, server.purchases("bob").await);
    assert_eq!(before.1.as_array().unwrap().len(), 3);

    let mut environment = server.stop().await;
    for backup in [backup, Backup::none()] {
        backup.restore(&database).await;
        let server = Server::start_in(environment, true).await;
        let after = (server.purchases("ann").await, server.purchases("bob").await);
        assert_eq!(after, before);
        let again = server.post("/buy", None, &purchase("bob", "0")).await;
        assert_eq!(problem_code(again, 409).await, "purchase-exists");
        let published = server.environment.read::<PurchaseCreate>().await;
        assert_eq!(published.len(), 5, "nothing is published twice");
        environment = server.stop().await;
    }
    let records = environment.records(topics::PURCHASES).await;
    let recovery = PurchaseRecovery::new(database);
    assert_eq!(Recover::recover(&recovery, &records).await.unwrap(), 0);
}
