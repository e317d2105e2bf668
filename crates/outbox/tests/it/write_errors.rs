//! What MongoDB's refusal of a statement means for whoever wrote it.

use bson::{Document, doc};
use outbox::mongo::{MongoDatabase, WithTimeout as _};
use outbox::{Database as _, ErrorKind};
use testkit::TestEnvironment;

const THINGS: &str = "things";

/// The kind of fault that one of `statements`, each run in a transaction of its own, ends in.
async fn refusal(database: &MongoDatabase, statements: Vec<Document>) -> Option<ErrorKind> {
    for statement in statements {
        let mut tx = database.begin().await.unwrap();
        let outcome = tx.update(THINGS, vec![statement]).await;
        match outcome {
            Ok(_) => database.commit(tx).await.unwrap(),
            Err(fault) => {
                database.abort(tx).await;
                return Some(fault.kind());
            }
        }
    }
    None
}

fn set(field: &str, value: impl Into<bson::Bson>) -> Document {
    let change = doc! { "$set": { field: value.into() } };
    doc! { "q": { "_id": "a" }, "u": change, "upsert": true }
}

#[tokio::test]
async fn only_a_conflict_is_called_one() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("writes").await;
    let named = doc! { "name": { "$ne": "" } };
    let made = database.database().create_collection(THINGS);
    made.validator(named).with_timeout().await.unwrap();
    let things = database.database().collection::<Document>(THINGS);
    let whole = doc! { "_id": "a", "name": "a", "text": "t", "list": [1, 2] };
    things.insert_one(whole).with_timeout().await.unwrap();

    let large = || "x".repeat(9_000_000);
    let update = |change: Document| vec![doc! { "q": { "_id": "a" }, "u": change }];
    for (what, statements) in [
        ("a rule of the collection", vec![set("name", "")]),
        ("an id that changes", vec![set("_id", "b")]),
        ("a path through a text", vec![set("text.part", 1)]),
        ("a sum with a text", update(doc! { "$inc": { "text": 1 } })),
        (
            "two changes of one field",
            update(doc! { "$set": { "x": 1 }, "$inc": { "x": 1 } }),
        ),
        ("an unknown operator", update(doc! { "$no": { "x": 1 } })),
        (
            "too large a document",
            vec![set("one", large()), set("two", large())],
        ),
    ] {
        let kind = refusal(&database, statements).await;
        assert_eq!(kind, Some(ErrorKind::Permanent), "{what}");
    }

    // Another writer is first.
    let mut ours = database.begin().await.unwrap();
    let mut other = database.begin().await.unwrap();
    let added = |id: &str| doc! { "q": { "_id": id, "no": 1 }, "u": { "$set": { "x": 1 } }, "upsert": true };
    ours.update(THINGS, vec![set("x", 2)]).await.unwrap();
    let refused = other.update(THINGS, vec![set("x", 3)]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    database.abort(other).await;
    database.commit(ours).await.unwrap();
    let refused = refusal(&database, vec![added("a")]).await;
    assert_eq!(
        refused,
        Some(ErrorKind::Conflict),
        "the row is there already"
    );
}
