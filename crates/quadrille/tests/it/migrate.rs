//! `quadrille migrate`: the data of older builds.

use bson::{DateTime, Document, doc};
use events::{AccountUpdate, OrderStatus, OrderUpdate};
use outbox::mongo::MongoDatabase;
use outbox::{Message, OutboxStore};
use testkit::TestEnvironment;
use uuid::Uuid;

use crate::{run, stderr, stdout};

fn id() -> bson::Uuid {
    bson::Uuid::from(Uuid::now_v7())
}

/// An account as builds wrote it that published nothing of accounts.
fn account(number: usize) -> Document {
    doc! {
        "_id": id(), "email": format!("{number}@example.com"), "role": "user",
        "password": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "created_at": DateTime::now(),
    }
}

/// An order as builds wrote it that published nothing of its steps.
fn order(steps: &[&str]) -> Document {
    let at = DateTime::now();
    let history: Vec<Document> = steps
        .iter()
        .map(|status| doc! { "status": status, "at": at, "by": "products" })
        .collect();
    let line = doc! { "product": id(), "name": "chair", "quantity": 2_i64, "price": 1_000_i64 };
    doc! {
        "_id": id(), "customer": id(), "status": steps[steps.len() - 1], "lines": [line],
        "total": 2_000_i64, "currency": "EUR", "version": i64::try_from(steps.len()).unwrap(),
        "created_at": at, "history": history,
    }
}

async fn insert(database: &MongoDatabase, table: &str, documents: Vec<Document>) {
    let table = database.database().collection::<Document>(table);
    table.insert_many(documents).await.unwrap();
}

pub(crate) fn migrate(environment: &TestEnvironment, service: &str, more: &[&str]) -> String {
    let name = environment.database_name(service);
    let mut line = vec![
        "migrate",
        service,
        "--mongodb-uri",
        environment.mongodb_uri(),
    ];
    line.extend(["--mongodb-database", &name]);
    line.extend(more);
    let output = run(&line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

async fn published(database: &MongoDatabase) -> Vec<Message> {
    let records = database.pending(usize::MAX, &[]).await.unwrap();
    records
        .into_iter()
        .flat_map(|record| record.messages)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_older_builds_are_published_once_in_parts() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("auth").await;
    insert(&database, "accounts", (0..450).map(account).collect()).await;

    let said = migrate(&environment, "auth", &[]);
    assert!(
        said.contains("account-updates: auth will publish 450 events."),
        "{said}"
    );
    let messages = published(&database).await;
    let mut emails: Vec<String> = messages
        .iter()
        .map(|message| serde_json::from_slice::<AccountUpdate>(&message.payload).unwrap())
        .map(|update| {
            assert_eq!((update.version, update.role.as_str()), (1, "user"));
            update.email.unwrap()
        })
        .collect();
    emails.sort();
    emails.dedup();
    assert_eq!(emails.len(), 450);

    let said = migrate(&environment, "auth", &[]);
    assert!(said.contains("account-updates: nothing to do."), "{said}");
    assert_eq!(published(&database).await.len(), 450);

    // An older process has opened one more since.
    insert(&database, "accounts", vec![account(450)]).await;
    let said = migrate(&environment, "auth", &["--again"]);
    assert!(said.contains("will publish 451 events."), "{said}");
    let again = published(&database).await;
    assert_eq!(again.len(), 450 + 451);
    let first = again.iter().filter(|message| message.id == messages[0].id);
    assert_eq!(first.count(), 2, "the same event has the same id");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_of_older_orders_are_published() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("orders").await;
    let orders = vec![
        order(&["PENDING"]),
        order(&["PENDING", "ACCEPTED"]),
        order(&["PENDING", "REJECTED"]),
    ];
    insert(&database, "orders", orders).await;

    let said = migrate(&environment, "orders", &[]);
    assert!(
        said.contains("order-updates: orders will publish 2 events."),
        "{said}"
    );
    let updates: Vec<OrderUpdate> = published(&database)
        .await
        .iter()
        .map(|message| serde_json::from_slice(&message.payload).unwrap())
        .collect();
    let steps: Vec<_> = updates
        .iter()
        .map(|update| (update.status, update.version))
        .collect();
    assert_eq!(
        steps,
        [(OrderStatus::Accepted, 2), (OrderStatus::Rejected, 2)]
    );
    assert!(updates.iter().all(|update| update.total.minor == 2_000));
}

/// A product as builds wrote it that compared names by their lower case.
fn product(name: &str) -> Document {
    doc! {
        "_id": id(), "name": name, "name_key": name.to_lowercase(), "description": "a thing",
        "price": { "minor": 100_i64, "currency": "EUR" }, "quantity": 1_i64, "stocked": 1_i64,
        "categories": [], "version": 1_i64, "created_at": DateTime::now(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_one_by_now_are_listed() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("products").await;
    let products = ["chair", "chair\u{200b}", "cafe\u{301}"].map(product);
    insert(&database, "products", products.into()).await;
    for _ in 0..2 {
        let said = migrate(&environment, "products", &[]);
        let left: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("Left as it was: "))
            .collect();
        assert_eq!(left.len(), 1, "{said}");
        assert!(
            left[0].contains("\"chair\\u{200b}\" keeps its former key"),
            "{said}"
        );
    }
    let products = database.database().collection::<Document>("products");
    let keyed = doc! { "name_key": "caf\u{e9}" };
    assert_eq!(products.count_documents(keyed).await.unwrap(), 1);
}
