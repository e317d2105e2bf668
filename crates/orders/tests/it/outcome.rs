//! Commits whose outcome is unknown, and other faults of the database.

use bson::{Document, doc};
use orders::commands::{PlaceOrders, Placed};
use outbox::{SystemClock, transact};

use crate::fixture::{Shop, customer, request};

/// Places two orders, one with a key, while the commands `failing` fail so many times; they must be
/// there once.
async fn placed_once(uri: &str, name: &str, failing: &[&str], times: i32, failure: Document) {
    let shop = Shop::at(uri.to_owned(), name.to_owned()).await;
    shop.stock().await;
    let database = shop.connect_as(name).await;
    let admin = database.database().client().database("admin");
    let mut data = doc! { "failCommands": failing.to_vec(), "appName": name };
    data.extend(failure);
    let mut fail =
        doc! { "configureFailPoint": "failCommand", "mode": { "times": times }, "data": data };
    let before = admin
        .run_command(fail.clone())
        .await
        .unwrap()
        .get_i32("count")
        .unwrap();

    let requests = [
        request(customer(), &[("cup", 1)], Some("k")),
        request(customer(), &[("chair", 2)], None),
    ];
    let mut work = PlaceOrders::new(&database, &SystemClock, &requests, false);
    let outcome = transact(&database, &mut work).await;

    fail.insert("mode", "off");
    let after = admin
        .run_command(fail)
        .await
        .unwrap()
        .get_i32("count")
        .unwrap();
    assert_eq!(after - before, times, "{name} has not failed as it should");
    let decisions = outcome.unwrap();
    for (request, decision) in requests.iter().zip(&decisions) {
        let Ok(Placed::New(order)) = decision else {
            panic!("{name}: {decision:?}")
        };
        assert_eq!(order.id, request.id);
        assert_eq!(&shop.order(order.id).await, order);
    }
    assert_eq!(shop.count("orders").await, 2, "{name}");
    assert_eq!(shop.count("idempotency").await, 1, "{name}");
    let mut events = shop.outgoing().await;
    events.sort_unstable();
    assert_eq!(
        events,
        requests.each_ref().map(|request| request.event_id),
        "{name}"
    );
}

// One test on a MongoDB of its own: a server has one set of commands that fail.
#[tokio::test]
async fn orders_are_placed_once_whatever_the_database_says() {
    let stack = testkit::stack::private().await;
    let uri = stack.mongodb_uri();
    let lost = || doc! { "closeConnection": true };
    let commit = ["commitTransaction"];
    placed_once(uri, "lost-once", &commit, 1, lost()).await;
    placed_once(uri, "lost-often", &commit, 3, lost()).await;

    // The server commits, and says that it can't tell whether it will last: WriteConcernFailed.
    let unsure = || doc! { "writeConcernError": { "code": 64, "errmsg": "no majority in time" } };
    placed_once(uri, "unsure-once", &commit, 1, unsure()).await;
    // More often than the commit itself is repeated, so that the whole work runs again, on orders
    // that are there already.
    placed_once(uri, "unsure-often", &commit, 7, unsure()).await;

    for command in ["find", "insert"] {
        placed_once(uri, &format!("lost-{command}"), &[command], 1, lost()).await;
        let conflict = doc! { "errorCode": 112, "errorLabels": ["TransientTransactionError"] };
        placed_once(uri, &format!("conflict-{command}"), &[command], 2, conflict).await;
    }
    stack.shutdown().await;
}
