//! Only what is newer is taken: the same over memory and over MongoDB.

use outbox::memory::MemoryDatabase;
use outbox::{ErrorKind, EventCollector, HandleError, SystemClock};
use replica::{Copies, ReplicaStore, Versioned};

use crate::fixture::{Address, Moved, Tables, envelope, kept, mongo, moved, person, take};

macro_rules! conformance {
    ($($test:ident;)*) => {
        mod in_memory {
            use super::*;
            $(#[tokio::test]
            async fn $test() {
                super::$test(MemoryDatabase::<Tables>::default()).await;
            })*
        }

        mod in_mongodb {
            use super::*;
            $(#[tokio::test]
            async fn $test() {
                let (_environment, database) = mongo().await;
                super::$test(database).await;
            })*
        }
    };
}

conformance! {
    the_newest_of_each_is_kept_and_every_newer_one_given_back;
    late_and_repeated_states_are_dropped;
    a_deletion_is_kept_as_a_state_and_leaves_nothing_else;
    of_two_at_once_the_newer_stays;
    a_key_that_is_no_id_is_dead_lettered;
}

async fn the_newest_of_each_is_kept_and_every_newer_one_given_back<D: ReplicaStore<Address>>(
    database: D,
) {
    let events = [
        moved(1, "Elm", 2),
        moved(2, "Oak", 1),
        moved(1, "Ash", 3),
        moved(1, "Fir", 1),
    ];
    assert_eq!(take(&database, &events).await, [2, 1, 3]);
    assert_eq!(kept(&database, 1).await, Some(("Ash".to_owned(), 3)));
    assert_eq!(kept(&database, 2).await, Some(("Oak".to_owned(), 1)));
    assert_eq!(kept(&database, 3).await, None);
}

/// Also by an adapter that breaks the rule.
pub async fn late_and_repeated_states_are_dropped<D: ReplicaStore<Address>>(database: D) {
    take(&database, &[moved(1, "Elm", 5)]).await;
    let late = [moved(1, "Oak", 4), moved(1, "Elm", 5), moved(1, "Fir", 1)];
    assert_eq!(take(&database, &late).await, [] as [u64; 0], "late ones");
    assert_eq!(
        kept(&database, 1).await,
        Some(("Elm".to_owned(), 5)),
        "it stays"
    );
    assert_eq!(take(&database, &[moved(1, "Ash", 6)]).await, [6]);
    assert_eq!(kept(&database, 1).await, Some(("Ash".to_owned(), 6)));
}

async fn a_deletion_is_kept_as_a_state_and_leaves_nothing_else<D: ReplicaStore<Address>>(
    database: D,
) {
    take(&database, &[moved(1, "Elm", 1)]).await;
    take(&database, &[moved(1, "", 2)]).await;
    assert_eq!(kept(&database, 1).await, Some(("no address".to_owned(), 2)));
    assert_eq!(take(&database, &[moved(1, "Elm", 1)]).await, [] as [u64; 0]);
    assert_eq!(kept(&database, 1).await, Some(("no address".to_owned(), 2)));
}

async fn of_two_at_once_the_newer_stays<D: ReplicaStore<Address>>(database: D) {
    let copy = |street, version| [Versioned::of(&moved(1, street, version)).unwrap()];
    let mut slow = database.begin().await.unwrap();
    database.versions(&mut slow, &[person(1)]).await.unwrap();
    let mut quick = database.begin().await.unwrap();
    database.save(&mut quick, &copy("Elm", 9)).await.unwrap();
    database.commit(quick).await.unwrap();
    let saved = async {
        database.save(&mut slow, &copy("Oak", 8)).await?;
        database.commit(slow).await
    };
    assert_eq!(saved.await.unwrap_err().kind(), ErrorKind::Conflict);
    let mut late = database.begin().await.unwrap();
    let refused = database.save(&mut late, &copy("Oak", 8)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict);
    database.abort(late).await;
    assert_eq!(kept(&database, 1).await, Some(("Elm".to_owned(), 9)));
}

async fn a_key_that_is_no_id_is_dead_lettered<D: ReplicaStore<Address>>(database: D) {
    let wrong = envelope(Moved {
        person: "me".to_owned(),
        ..moved(1, "Elm", 1)
    });
    let copies = Copies::<Address, D>::new(database.clone());
    let mut tx = database.begin().await.unwrap();
    let mut out = EventCollector::new("replica", &SystemClock);
    let refused = copies.take(&mut tx, &[&wrong], &mut out).await;
    database.abort(tx).await;
    let Err(HandleError::DeadLetter(why)) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.contains("\"me\""), "{why}");
}
