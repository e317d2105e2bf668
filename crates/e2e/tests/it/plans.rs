//! No step of an order's way looks at more documents as the tables grow: MongoDB's own profiler
//! says of each command how it found what it touched.

use std::collections::BTreeSet;

use bson::{Document, doc};
use e2e::{Client, Shop};
use futures::TryStreamExt;
use outbox::mongo::{MongoDatabase, MongoOptions};

use crate::shared_connection;

/// So many that going through a table would show.
const BEFORE: usize = 140;
const WATCHED: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn no_step_of_an_order_goes_through_a_table() {
    let shop = Shop::start(shared_connection().await, 1, 1).await.unwrap();
    let user = shop.user().await.unwrap();
    place(&user, BEFORE).await;
    let mut databases = Vec::new();
    for service in ["orders", "products"] {
        let (uri, name) = (
            &shop.connection().endpoints.mongodb_uri,
            shop.connection().database(service),
        );
        let database = MongoDatabase::connect(uri, &name, MongoOptions::default());
        databases.push(database.await.unwrap());
    }
    profile(&databases, 2).await;
    place(&user, WATCHED).await;
    profile(&databases, 0).await;

    let mut seen = BTreeSet::new();
    for database in &databases {
        let filter = doc! { "op": { "$in": ["query", "getmore", "update", "remove", "command"] } };
        let commands = database.database().collection::<Document>("system.profile");
        let commands: Vec<Document> = commands
            .find(filter)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        for command in commands {
            let namespace = command.get_str("ns").unwrap();
            let table = namespace.split_once('.').unwrap().1.to_owned();
            let plan = command.get_str("planSummary").unwrap_or_default();
            // The notifications are a ring of a few kilobytes, read with a tailing cursor; change events are read
            // from the server's own log, and the log's length is not the table's.
            if plan.is_empty() || ["outbox_bell", "order_news", "system.profile"].contains(&&*table)
            {
                continue;
            }
            let count = |name: &str| {
                let number = command.get(name);
                number
                    .and_then(|n| n.as_i32().map(i64::from).or(n.as_i64()))
                    .unwrap_or(0)
            };
            let touched = ["nreturned", "nMatched", "ndeleted", "nModified"].map(count);
            let touched = touched.into_iter().max().unwrap();
            assert!(
                count("docsExamined") <= touched + 1,
                "{namespace}, {plan}: more was examined than was touched: {command}"
            );
            // The outbox is as long as the backlog, whatever the tables hold.
            assert!(
                plan != "COLLSCAN" || table == "outbox",
                "{namespace} was gone through: {command}"
            );
            seen.insert((table, plan.to_owned()));
        }
    }
    for table in [
        "orders",
        "product_copies",
        "reservations",
        "products",
        "checkpoints",
    ] {
        assert!(
            seen.iter().any(|(seen, _)| seen.starts_with(table)),
            "nothing was seen of {table}: {seen:?}"
        );
    }
    shop.audit().await.unwrap();
    shop.stop().await.unwrap();
}

/// Places so many orders, ten at a time, and waits until all are settled.
async fn place(user: &Client, count: usize) {
    for _ in 0..count / 10 {
        let orders = (0..10).map(|_| user.order(&[("cutlery", 1)], 20));
        for answer in futures::future::join_all(orders).await {
            let answer = answer.unwrap();
            assert_eq!(answer.text("status"), "ACCEPTED", "{answer:?}");
        }
    }
}

async fn profile(databases: &[MongoDatabase], level: i32) {
    for database in databases {
        database
            .database()
            .run_command(doc! { "profile": level })
            .await
            .unwrap();
    }
}
