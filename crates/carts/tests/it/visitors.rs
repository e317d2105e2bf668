//! Carts of visitors, and what they are known by.

use bson::doc;
use jiff::Timestamp;

use crate::server::{CART, Customer, Server, line_path};

#[tokio::test]
async fn looking_keeps_nothing_and_the_token_it_gives_is_the_carts() {
    let server = Server::start().await;
    let looked = server.cart(&Customer::default()).await;
    assert_eq!((looked.quantities(), server.kept().await), (vec![], 0));
    let visitor = Customer {
        cart: looked.token,
        ..Customer::default()
    };
    let again = server.cart(&visitor).await;
    assert_eq!((again.token, &again.body), (None, &looked.body));
    let put = server.put(&visitor, 1, 2).await;
    assert_eq!((put.token, &put.body["id"]), (None, &looked.body["id"]));
    assert_eq!(server.cart(&visitor).await.quantities(), [(1, 2)]);
    server.stop().await;
}

#[tokio::test]
async fn every_first_answer_gives_a_token_of_its_own() {
    let server = Server::start().await;
    let nobody = Customer::default();
    let answers = [
        server.cart(&nobody).await,
        server.put(&nobody, 1, 2).await,
        server.put(&nobody, 1, 0).await,
        server.delete(&nobody, &line_path(1)).await,
        server.delete(&nobody, CART).await,
    ];
    let mut tokens: Vec<String> = answers.into_iter().map(|it| it.token.unwrap()).collect();
    // 256 bits, base64url.
    assert!(tokens.iter().all(|token| token.len() == 43), "{tokens:?}");
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 5);
    assert_eq!(server.kept().await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_an_empty_cart() {
    let server = Server::start().await;
    let visitor = server.visitor_with(1, 2).await;
    let right = visitor.cart.unwrap();
    let first = if right.starts_with('A') { "B" } else { "A" };
    let other = format!("{first}{}", &right[1..]);
    for wrong in ["", "wrong", &right[1..], &other] {
        let stranger = Customer {
            account: None,
            cart: Some(wrong.to_owned()),
        };
        let cart = server.cart(&stranger).await;
        assert_eq!((cart.status, cart.quantities()), (200, vec![]), "{wrong}");
        // What can't be a token is none, so there is a new one.
        assert_eq!(cart.token.is_some(), wrong != other, "{wrong}");
        let account = Customer {
            cart: stranger.cart,
            ..server.account()
        };
        assert_eq!(server.cart(&account).await.quantities(), []);
    }
    server.stop().await;
}

#[tokio::test]
async fn of_a_token_the_digest_is_kept_and_nothing_else() {
    let server = Server::start().await;
    let visitor = server.visitor_with(1, 2).await;
    let database = server.database().await;
    let carts = database.database().collection::<bson::Document>("carts");
    let stored = carts.find_one(doc! {}).await.unwrap().unwrap();
    let token = visitor.cart.unwrap();
    assert!(!stored.to_string().contains(&token), "{stored}");
    let mut fields: Vec<&str> = stored.keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["_id", "expires_at", "lines", "version"]);
    server.stop().await;
}

#[tokio::test]
async fn the_database_removes_a_visitors_cart_30_days_after_its_last_change() {
    let server = Server::start().await;
    let visitor = server.visitor_with(1, 2).await;
    server.put(&server.account(), 1, 2).await;
    let database = server.database().await;
    let carts = database.database().collection::<bson::Document>("carts");
    let visitors = doc! { "expires_at": { "$exists": true } };
    assert_eq!(carts.count_documents(doc! {}).await.unwrap(), 2);
    assert_eq!(carts.count_documents(visitors.clone()).await.unwrap(), 1);
    let soon = Timestamp::now().as_millisecond() + 3_600_000;
    let soon = doc! { "$set": { "expires_at": bson::DateTime::from_millis(soon) } };
    carts.update_one(visitors.clone(), soon).await.unwrap();
    server.put(&visitor, 1, 3).await;
    let stored = carts.find_one(visitors).await.unwrap().unwrap();
    let expires = stored.get_datetime("expires_at").unwrap();
    let in_30_days = Timestamp::now().as_millisecond() + 30 * 24 * 3_600_000;
    assert!((expires.timestamp_millis() - in_30_days).abs() < 60_000);
    let listed = database
        .database()
        .run_command(doc! { "listIndexes": "carts" });
    let listed = listed.await.unwrap().to_string();
    assert!(listed.contains("\"expires_at\": 1"), "{listed}");
    assert!(listed.contains("\"expireAfterSeconds\": 0"), "{listed}");
    server.stop().await;
}
