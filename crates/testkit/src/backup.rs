//! A copy of a database at one moment, and the database made that copy again.

use bson::{Document, doc};
use futures::TryStreamExt;
use outbox::mongo::MongoDatabase;

/// Every document of every collection.
pub struct Backup(Vec<(String, Vec<Document>)>);

impl Backup {
    /// Nothing at all: what is left when there is no backup.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The database as it is at one moment, whatever is written meanwhile.
    pub async fn of(database: &MongoDatabase) -> Self {
        let client = database.database().client();
        let snapshot = database.in_snapshot(database.database().name());
        let mut session = client.start_session().snapshot(true).await.unwrap();
        let mut all = Vec::new();
        for name in names(database).await {
            let collection = snapshot.collection::<Document>(&name);
            let mut found = collection
                .find(doc! {})
                .session(&mut session)
                .await
                .unwrap();
            let documents = found.stream(&mut session).try_collect().await.unwrap();
            all.push((name, documents));
        }
        assert!(
            all.is_empty() || session.snapshot_time().is_some(),
            "each table was read at a moment of its own"
        );
        Self(all)
    }

    /// Makes the database the copy. Nobody may be using it.
    pub async fn restore(&self, database: &MongoDatabase) {
        for name in names(database).await {
            let collection = database.database().collection::<Document>(&name);
            collection.delete_many(doc! {}).await.unwrap();
        }
        for (name, documents) in self.0.iter().filter(|(_, all)| !all.is_empty()) {
            let collection = database.database().collection::<Document>(name);
            collection.insert_many(documents).await.unwrap();
        }
    }
}

async fn names(database: &MongoDatabase) -> Vec<String> {
    let names = database.database().list_collection_names().await.unwrap();
    // The notifications only wake who waits, and no snapshot shows a capped collection.
    let own = |name: &String| !name.starts_with("system.") && name != "outbox_bell";
    names.into_iter().filter(own).collect()
}
