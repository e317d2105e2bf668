//! Copies compared with their owner, and made equal to it.

use bson::{Document, doc};
use outbox::mongo::MongoDatabase;
use replica::{Difference, Newest, Swapped};

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

async fn swap(database: &MongoDatabase, owner: &Newest, back: &[Difference]) -> Swapped {
    let swapped = addresses().swap(database, "replica", owner, back).await;
    swapped.unwrap()
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
    let texts: Vec<_> = found
        .iter()
        .map(|it| (it.live.as_str(), it.owner.as_str()))
        .collect();
    let expected = [
        ("Oak at version 9", "Ash at version 8"),
        ("a document that can't be read", "Yew at version 2"),
        ("Fir at version 1", "nothing"),
        ("nothing", "no address at version 7"),
    ];
    assert_eq!(texts, expected);
    let damage = found[1].damage.as_ref().unwrap();
    assert!(damage.contains("addresses"), "{damage}");

    let (taken, left) = swap(&database, &owner, &[]).await;
    assert_eq!((ids(&taken), ids(&left)), (vec![3, 5], vec![2, 4]));
    assert!(left.iter().all(|it| it.goes_back));
    assert!(left.iter().all(|it| it.is_unchanged_in(&found)));
    assert_eq!(kept(&database, 5).await, Some(("no address".to_owned(), 7)));
    let (taken, left) = swap(&database, &owner, &left).await;
    assert_eq!((ids(&taken), left), (vec![2, 4], vec![]));
    assert_eq!(copy.compare(&database, &owner).await.unwrap(), []);
    assert_eq!(kept(&database, 2).await, Some(("Ash".to_owned(), 8)));
    assert_eq!(kept(&database, 4).await, None);
}

#[tokio::test]
async fn what_has_changed_since_it_was_left_is_not_taken_back() {
    let (_environment, database) = mongo().await;
    take(&database, &[moved(1, "Elm", 5)]).await;
    let owner = says(&[moved(1, "Oak", 4)]);
    let (_, before) = swap(&database, &owner, &[]).await;
    take(&database, &[moved(1, "Ash", 6)]).await;
    let (taken, left) = swap(&database, &owner, &before).await;
    assert_eq!((taken, ids(&left)), (vec![], vec![1]));
    assert!(!left[0].is_unchanged_in(&before));
    assert_eq!(kept(&database, 1).await, Some(("Ash".to_owned(), 6)));
}
