//! The server fails at each command of an inbox's transaction, by MongoDB's own
//! `failCommand`; the batch is applied exactly once in the end.

use bson::{Bson, Document, doc};
use outbox::OutboxStore as _;
use outbox::mongo::{MongoDatabase, MongoOptions};
use testkit::{Bed, eventually};

use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Ledger as _, deposit, paid};
use crate::conformance::memory::MemoryRig;
use crate::conformance::rig::{GROUP, Rig as _};

/// Sets the server's one fail point, and says how often it was entered until now.
async fn set(client: &mongodb::Client, mode: impl Into<Bson>, data: Document) -> i64 {
    let mode: Bson = mode.into();
    let command = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
    let reply = client.database("admin").run_command(command).await;
    let reply = reply.expect("the test stack takes test commands");
    match reply.get("count") {
        Some(Bson::Int32(count)) => i64::from(*count),
        Some(Bson::Int64(count)) => *count,
        other => panic!("no count: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_applied_once_whatever_command_of_it_fails() {
    const TRANSIENT: &str = "TransientTransactionError";
    let bed = Bed::new().await;
    let name = bed.database_name("ledger");
    // The fail point is the whole server's: only this connection's commands are to fail.
    let uri = format!("{}&appName={name}", bed.mongodb_uri());
    let db = MongoDatabase::connect(&uri, &name, MongoOptions::default()).await;
    let db = db.expect("the address is valid");
    db.prepare().await.expect("it answers");
    db.create_collection("accounts").await.expect("it answers");
    let client = mongodb::Client::with_uri_str(bed.mongodb_uri()).await;
    let client = client.expect("the address is valid");
    let quiet = bed.database("ledger").await;

    let rig = MemoryRig::new(1).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let mut version: u64 = 0;
    for command in ["update", "find", "insert", "commitTransaction"] {
        let faults = [
            doc! { "closeConnection": true },
            doc! { "errorCode": 112, "errorLabels": [TRANSIENT] },
            doc! { "errorCode": 251, "errorLabels": [TRANSIENT] },
            doc! { "errorCode": 10_107 },
        ];
        for fault in faults {
            let mut data = doc! { "failCommands": [command], "appName": &name };
            data.extend(fault.clone());
            let mut hits = 0;
            // Another test may take the one fail point away before it was met.
            while hits == 0 {
                assert!(version < 200, "{command} never failed by {fault}");
                let before = set(&client, doc! { "times": 1 }, data.clone()).await;
                version += 1;
                rig.publish(&[deposit("a", version)]).await;
                let count = version.cast_signed();
                eventually(&format!("{command} despite {fault}"), || async {
                    quiet.committed("a").await.times >= count
                })
                .await;
                hits = set(&client, "off", doc! {}).await - before;
            }
        }
    }
    consuming.stop().await.expect("the checkpoints fit");
    let count = version.cast_signed();
    assert_eq!(quiet.committed("a").await, paid(count));
    let said = quiet.pending(1000, &[]).await.expect("it answers");
    let messages: Vec<_> = said.iter().flat_map(|record| &record.messages).collect();
    assert_eq!(messages.len() as u64, version, "each said once");
    assert_eq!(quiet.letters().await, []);
}
