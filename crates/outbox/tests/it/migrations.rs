//! How far a migration has come.

use outbox::mongo::MigrationState::{After, Done, New};
use outbox::{ErrorKind, OutboxStore};
use testkit::TestEnvironment;
use uuid::Uuid;

#[tokio::test]
async fn of_two_that_migrate_at_once_one_does_each_page() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("migrated").await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(database.migration("m").await.unwrap(), New);
    for (from, to) in [
        (New, After(first)),
        (After(first), After(second)),
        (After(second), Done),
    ] {
        let (one, other) = tokio::join!(
            database.migrate("m", from, to, &[]),
            database.migrate("m", from, to, &[]),
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?}, {other:?}");
        let late = one.and(other).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Fenced, "{from:?}");
        assert_eq!(database.migration("m").await.unwrap(), to);
    }
    assert_eq!(database.backlog().await.unwrap().records, 0);

    database.forget_migrations().await.unwrap();
    assert_eq!(database.migration("m").await.unwrap(), New);
    database.migrate("m", New, After(first), &[]).await.unwrap();
    database.skip_migration("m").await.unwrap();
    assert_eq!(database.migration("m").await.unwrap(), After(first));
    database.skip_migration("other").await.unwrap();
    assert_eq!(database.migration("other").await.unwrap(), Done);
}
