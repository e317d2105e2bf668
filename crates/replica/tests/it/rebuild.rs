//! Copies compared with their owner, and made equal to it.

use bson::{Document, doc};
use outbox::mongo::MongoDatabase;
use replica::{Difference, Newest};

use crate::fixture::{Moved, addresses, kept, mongo, moved, person, take};

fn says(events: &[Moved]) -> Newest {
    let mut newest = Newest::default();
    for event in events {
        addresses().take_event(&mut newest, event);
    }
    newest
}

async fn damage(database: &MongoDatabase, number: u128, update: Document) {
    let live = database.database().collection::<Document>("addresses");
    let id = doc! { "_id": bson::Uuid::from(person(number)) };
    let done = live.update_one(id, update).upsert(true).await;
    done.unwrap();
}

fn ids(differences: &[Difference]) -> Vec<u128> {
    differences.iter().map(|it| it.id.as_u128()).collect()
}

#[tokio::test]
async fn what_is_older_damaged_or_missing_is_repaired_and_what_would_go_back_is_left() {
    let (_environment, database) = mongo().await;
    let (right, newer) = (moved(1, "Elm", 3), moved(2, "Oak", 9));
    take(&database, &[right.clone(), newer]).await;
    damage(
        &database,
        3,
        doc! { "$set": { "version": 1_i64, "street": 5 } },
    )
    .await;
    damage(
        &database,
        4,
        doc! { "$set": { "version": 1_i64, "street": "Fir" } },
    )
    .await;
    // The order in which a topic is read says nothing: the newest of each counts.
    let owner = says(&[
        right,
        moved(2, "Ash", 8),
        moved(3, "Yew", 2),
        moved(3, "Box", 1),
        moved(5, "", 7),
    ]);
    let copy = addresses();
    let found = copy.compare(&database, &owner).await.unwrap();
    assert_eq!(ids(&found), [2, 3, 4, 5]);
    let texts: Vec<_> = found.iter().map(|it| it.texts(&copy)).collect();
    let text = |live: &str, owner: &str| (live.to_owned(), owner.to_owned());
    assert_eq!(texts[0], text("Oak at version 9", "Ash at version 8"));
    assert_eq!(
        texts[1],
        text("a document that can't be read", "Yew at version 2")
    );
    assert_eq!(texts[2], text("Fir at version 1", "nothing"));
    assert_eq!(texts[3], text("nothing", "no address at version 7"));
    assert!(
        found[1]
            .damage()
            .is_some_and(|why| why.contains("addresses"))
    );

    let swapped = copy.swap(&database, "replica", &owner, &[]).await.unwrap();
    assert_eq!(
        (ids(&swapped.taken), ids(&swapped.left)),
        (vec![3, 5], vec![2, 4])
    );
    assert!(swapped.left.iter().all(Difference::goes_back));
    assert!(swapped.left.iter().all(|it| it.is_unchanged_in(&found)));
    assert_eq!(kept(&database, 5).await, Some(("no address".to_owned(), 7)));
    let back = swapped.left;
    let swapped = copy
        .swap(&database, "replica", &owner, &back)
        .await
        .unwrap();
    assert_eq!((ids(&swapped.taken), swapped.left), (vec![2, 4], vec![]));
    assert_eq!(copy.compare(&database, &owner).await.unwrap(), []);
    assert_eq!(kept(&database, 2).await, Some(("Ash".to_owned(), 8)));
    assert_eq!(kept(&database, 4).await, None);
}

#[tokio::test]
async fn what_has_changed_since_it_was_left_is_not_taken_back() {
    let (_environment, database) = mongo().await;
    take(&database, &[moved(1, "Elm", 5)]).await;
    let (copy, owner) = (addresses(), says(&[moved(1, "Oak", 4)]));
    let left = copy
        .swap(&database, "replica", &owner, &[])
        .await
        .unwrap()
        .left;
    take(&database, &[moved(1, "Ash", 6)]).await;
    let swapped = copy
        .swap(&database, "replica", &owner, &left)
        .await
        .unwrap();
    assert_eq!((swapped.taken, ids(&swapped.left)), (vec![], vec![1]));
    assert!(!swapped.left[0].is_unchanged_in(&left));
    assert_eq!(kept(&database, 1).await, Some(("Ash".to_owned(), 6)));
}
