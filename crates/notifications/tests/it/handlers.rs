//! What asks for a mail, and how often.

use std::time::Duration;

use bson::{Document, doc};
use events::{AccountUpdate, OrderStatus, Reason, Rejection};
use notifications::Settings;
use outbox::jobs::{JobFilter, JobState};
use serde_json::Value;
use testkit::{Backup, eventually};

use crate::server::{Server, account, deleted, kinds, order};

fn ids(mails: &[Value]) -> Vec<Value> {
    mails.iter().map(|mail| mail["id"].clone()).collect()
}

/// Every event that the service consumes, of three orders and an account.
async fn publish_all(server: &Server) {
    let changed = AccountUpdate {
        email: Some("new@example.com".to_owned()),
        version: 2,
        ..account(1)
    };
    for update in [account(1), changed] {
        server.publish_account(&update).await;
    }
    let mut rejected = order(12, 1, OrderStatus::Rejected, 2);
    rejected.reason = Some(Reason::Rejection(Rejection::InsufficientStock {
        product_id: rejected.lines[0].product_id,
        available: 1,
    }));
    for update in [
        order(11, 1, OrderStatus::Accepted, 2),
        order(11, 1, OrderStatus::Paid, 3),
        order(11, 1, OrderStatus::InDelivery, 4),
        order(11, 1, OrderStatus::Delivered, 5),
        rejected,
        order(13, 1, OrderStatus::Accepted, 2),
        order(13, 1, OrderStatus::Cancelling, 3),
        order(13, 1, OrderStatus::Cancelled, 4),
    ] {
        server.publish_order(&update).await;
    }
}

#[tokio::test]
async fn each_event_asks_for_its_mail_once_however_often_it_comes() {
    let server = Server::start(Settings::default()).await;
    publish_all(&server).await;
    let mails = server.settled(7).await;
    let kept = |kind: &str| (kind.to_owned(), "KEPT".to_owned());
    let expected = [
        kept("ACCOUNT_CHANGED"),
        kept("ACCOUNT_NEW"),
        kept("ORDER_CANCELLED"),
        kept("ORDER_CANCELLED"),
        kept("ORDER_CREATED"),
        kept("ORDER_CREATED"),
        kept("ORDER_DELIVERED"),
    ];
    assert_eq!(kinds(&mails), expected);
    let rejected = mails
        .iter()
        .find(|mail| {
            mail["order_id"] == order(12, 1, OrderStatus::Rejected, 2).order_id.to_string()
        })
        .unwrap();
    assert_eq!(rejected["kind"], "ORDER_CANCELLED", "never as confirmed");
    let text = rejected["text"].as_str().unwrap();
    assert!(text.contains("there are only 1 of cutlery left"), "{text}");

    // The same again, from other producers' hands, and then the whole topics.
    publish_all(&server).await;
    server.caught_up().await;
    assert_eq!(ids(&server.mails().await), ids(&mails));
    let environment = server.stop().await;
    let database = environment.database(Server::NAME).await;
    let checkpoints = database.database().collection::<Document>("checkpoints");
    checkpoints.delete_many(doc! {}).await.unwrap();
    let server = Server::start_in(environment, Settings::default()).await;
    server.caught_up().await;
    assert_eq!(server.mails().await, mails);

    // A database that has forgotten everything sends the same mails again, under the same ids.
    let environment = server.stop().await;
    Backup::none().restore(&database).await;
    let server = Server::start_in(environment, Settings::default()).await;
    assert_eq!(ids(&server.settled(7).await), ids(&mails));
    server.stop().await;
}

#[tokio::test]
async fn what_happened_long_ago_is_not_mailed() {
    let server = Server::start(Settings {
        mail_max_age: Duration::from_nanos(1),
        ..Settings::default()
    })
    .await;
    server.publish_account(&account(1)).await;
    let mails = server.settled(1).await;
    assert_eq!(mails[0]["status"], "DROPPED");
    assert!(mails[0]["reason"].as_str().unwrap().contains("too old"));
    server.stop().await;
}

#[tokio::test]
async fn an_order_waits_for_its_account_and_a_late_state_moves_nothing_back() {
    let server = Server::start(Settings::default()).await;
    server
        .publish_order(&order(11, 1, OrderStatus::Accepted, 2))
        .await;
    server.caught_up().await;
    assert_eq!(server.mails().await[0]["status"], "WAITING");
    let newer = AccountUpdate {
        email: Some("new@example.com".to_owned()),
        version: 3,
        ..account(1)
    };
    server.publish_account(&newer).await;
    server.publish_account(&account(1)).await;
    let mails = server.settled(3).await;
    for mail in mails {
        assert_eq!(mail["recipient"], "new@example.com", "{mail}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_deletion_takes_what_is_personal_and_nothing_follows() {
    let server = Server::start(Settings::default()).await;
    server.publish_account(&account(1)).await;
    server.publish_account(&account(2)).await;
    server.settled(2).await;
    server.publish_account(&deleted(1, 2)).await;
    server.caught_up().await;
    server
        .publish_order(&order(11, 1, OrderStatus::Accepted, 2))
        .await;
    let mails = server.settled(3).await;
    let of = |kind: &str, number: u128| {
        let id = account(number).account_id.to_string();
        let found = mails
            .iter()
            .find(|mail| mail["kind"] == kind && mail["account_id"] == id);
        found.unwrap().clone()
    };
    let kept = of("ACCOUNT_NEW", 1);
    assert_eq!(kept["status"], "KEPT");
    for personal in ["recipient", "text", "html"] {
        assert!(kept[personal].is_null(), "{kept}");
    }
    let late = of("ORDER_CREATED", 1);
    assert_eq!(late["status"], "DROPPED");
    assert_eq!(late["reason"], "the account is deleted");
    assert_eq!(of("ACCOUNT_NEW", 2)["recipient"], "person2@example.com");
    server.stop().await;
}

#[tokio::test]
async fn a_deletion_drops_what_waits() {
    let server = Server::start(Settings {
        // Nobody listens there.
        smtp_url: Some("smtp://127.0.0.1:9".into()),
        ..Settings::default()
    })
    .await;
    server.publish_account(&account(1)).await;
    server.caught_up().await;
    assert_eq!(server.mails().await[0]["status"], "WAITING");
    server.publish_account(&deleted(1, 2)).await;
    let mails = server.settled(1).await;
    assert_eq!(mails[0]["reason"], "the account is deleted");
    let jobs = server.jobs().await;
    // What would send the mail finds that out when it is due.
    let none = || async {
        let mut open = 0;
        for state in JobState::OPEN {
            open += jobs.list(&JobFilter::of(state)).await.unwrap().len();
        }
        open == 0
    };
    eventually("no job is open", none).await;
    server.stop().await;
}
