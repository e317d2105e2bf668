//! Putting in and taking out.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::problem_code;

use crate::server::{CART, Customer, Server, line_path};

#[tokio::test]
async fn a_cart_is_what_was_put_into_it_at_the_prices_of_now() {
    let server = Server::start().await;
    let customer = server.account();
    let empty = server.cart(&customer).await;
    let id = empty.body["id"].clone();
    let expected = json!({ "id": id, "version": 0, "currency": "EUR", "total": 0.00, "lines": [] });
    assert_eq!(empty.body, expected);
    server.put(&customer, 1, 2).await;
    let put = server.put(&customer, 2, 1).await;
    let line = |number: u128, quantity: u32, price: f64, total: f64| {
        json!({
            "product_id": events::ProductId::from_u128(number), "name": format!("product {number}"),
            "quantity": quantity, "price": price, "total": total, "available": 10, "notice": null,
        })
    };
    let lines = [line(1, 2, 5.99, 11.98), line(2, 1, 20.0, 20.0)];
    let expected =
        json!({ "id": id, "version": 2, "currency": "EUR", "total": 31.98, "lines": lines });
    assert_eq!(put.body, expected);
    assert_eq!(server.cart(&customer).await.body, expected);
    assert_eq!(put.token, None);
    server.stop().await;
}

#[tokio::test]
async fn amounts_have_two_places_and_answers_are_not_for_caches() {
    let server = Server::start().await;
    let customer = server.visitor_with(2, 3).await;
    let answer = server.ask(&customer, Method::GET, CART, None).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.unwrap();
    assert!(text.contains("\"total\":60.00"), "{text}");
    assert!(text.contains("\"price\":20.00"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_quantity_replaces_and_0_takes_out() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    server.put(&customer, 2, 2).await;
    server.put(&customer, 3, 2).await;
    let put = server.put(&customer, 1, 5).await;
    assert_eq!(put.quantities(), [(1, 5), (2, 2), (3, 2)]);
    assert_eq!(put.body["version"], 4);
    // What is so already is no change.
    assert_eq!(server.put(&customer, 1, 5).await.body["version"], 4);
    let without = server.put(&customer, 1, 0).await;
    assert_eq!(without.quantities(), [(2, 2), (3, 2)]);
    for _ in 0..2 {
        let without = server.delete(&customer, &line_path(2)).await;
        assert_eq!(without.quantities(), [(3, 2)]);
    }
    let empty = server.delete(&customer, CART).await;
    assert_eq!(empty.quantities(), []);
    let again = server.delete(&customer, CART).await;
    assert_eq!(again.body, empty.body);
    // Also what nobody sells, to get rid of it.
    assert_eq!(server.put(&customer, 77, 0).await.quantities(), []);
    server.stop().await;
}

#[tokio::test]
async fn what_can_not_be_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    let before = server.cart(&customer).await.body;
    for wrong in [-1, 1_000_001, i64::MAX, i64::MIN] {
        let refused = server.put(&customer, 1, wrong).await;
        assert_eq!(refused.code(422), "invalid-cart");
        assert!(
            refused.body["detail"]
                .to_string()
                .contains(&wrong.to_string())
        );
    }
    let unknown = server.put(&customer, 77, 1).await;
    assert_eq!(unknown.code(404), "unknown-product");
    for body in [
        json!({}),
        json!({ "quantity": 1.5 }),
        json!({ "quantity": "2" }),
        json!({ "quantity": null }),
        json!({ "quantity": 1, "price": 1 }),
    ] {
        let path = line_path(1);
        let answer = server.ask(&customer, Method::PUT, &path, Some(&body)).await;
        assert_eq!(problem_code(answer, 422).await, "invalid-body", "{body}");
    }
    let body = json!({ "quantity": 1 });
    for method in [Method::PUT, Method::DELETE] {
        let path = format!("{CART}/lines/chair");
        let answer = server.ask(&customer, method, &path, Some(&body)).await;
        assert_eq!(problem_code(answer, 404).await, "not-found");
    }
    assert_eq!(server.cart(&customer).await.body, before);
    let most = server.put(&customer, 1, 1_000_000).await;
    assert_eq!(most.quantities(), [(1, 1_000_000)]);
    server.stop().await;
}

#[tokio::test]
async fn another_accounts_cart_is_another_one_and_a_bad_token_is_401() {
    let server = Server::start().await;
    let (one, other) = (server.account(), server.account());
    server.put(&one, 1, 2).await;
    assert_eq!(server.cart(&other).await.quantities(), []);
    let forged = Customer {
        account: one.account.map(|token| format!("{token}x")),
        cart: None,
    };
    let body = json!({ "quantity": 1 });
    for (method, path) in [
        (Method::GET, CART.to_owned()),
        (Method::DELETE, CART.to_owned()),
        (Method::PUT, line_path(1)),
        (Method::DELETE, line_path(1)),
    ] {
        let answer = server.ask(&forged, method, &path, Some(&body)).await;
        assert_eq!(problem_code(answer, 401).await, "unauthorized", "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn changes_at_once_are_all_made() {
    let server = Server::start().await;
    let customer = server.account();
    // The first ones make the cart.
    for round in 1..=4 {
        let puts = (1..=3).map(|number| server.put(&customer, number, round));
        for put in join_all(puts).await {
            assert_eq!(put.status, 200, "{put:?}");
        }
        let cart = server.cart(&customer).await;
        let mut lines = cart.quantities();
        lines.sort_unstable();
        let expected = [1, 2, 3].map(|number| (number, round.unsigned_abs()));
        assert_eq!(lines, expected);
        assert_eq!(cart.body["version"], 3 * round);
    }
    assert_eq!(server.kept().await, 1);
    server.stop().await;
}

#[tokio::test]
async fn of_one_line_one_of_the_changes_at_once_stays() {
    let server = Server::start().await;
    let customer = server.visitor_with(2, 1).await;
    let puts = (1..=8).map(|quantity| server.put(&customer, 1, quantity));
    let answers = join_all(puts).await;
    let mut versions: Vec<&Value> = answers.iter().map(|put| &put.body["version"]).collect();
    versions.sort_by_key(|version| version.as_u64());
    // Each of them found what the one before had left.
    assert_eq!(versions, [2, 3, 4, 5, 6, 7, 8, 9]);
    let last = answers.iter().find(|put| put.body["version"] == 9).unwrap();
    assert_eq!(server.cart(&customer).await.body, last.body);
    server.stop().await;
}
