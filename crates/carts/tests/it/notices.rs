//! What a customer has to know of a line.

use crate::server::Server;

fn notice(body: &serde_json::Value, line: usize) -> Option<&str> {
    body["lines"][line]["notice"].as_str()
}

#[tokio::test]
async fn a_changed_price_is_named_until_the_line_is_put_again() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    server.put(&customer, 2, 1).await;
    server.change_product(1, 650, 10, 2).await;
    let cart = server.cart(&customer).await.body;
    let changed = "its price has changed from 5.99 EUR to 6.50 EUR";
    assert_eq!((notice(&cart, 0), notice(&cart, 1)), (Some(changed), None));
    assert_eq!(cart["lines"][0]["total"], 13.0);
    assert_eq!(cart["total"], 33.0);
    // Another line's change says nothing about this one.
    let cart = server.put(&customer, 2, 2).await.body;
    assert_eq!(notice(&cart, 0), Some(changed));
    let cart = server.put(&customer, 1, 2).await.body;
    assert_eq!(notice(&cart, 0), None);
    assert_eq!(notice(&server.cart(&customer).await.body, 0), None);
    server.stop().await;
}

#[tokio::test]
async fn more_than_there_is_is_taken_with_a_notice_while_it_lasts() {
    let server = Server::start().await;
    let customer = server.account();
    let cart = server.put(&customer, 1, 12).await.body;
    assert_eq!(notice(&cart, 0), Some("there are only 10 left"));
    assert_eq!(cart["lines"][0]["quantity"], 12);
    server.change_product(1, 599, 0, 2).await;
    let cart = server.cart(&customer).await.body;
    assert_eq!(notice(&cart, 0), Some("it is sold out"));
    assert_eq!(cart["lines"][0]["available"], 0);
    server.change_product(1, 599, 12, 3).await;
    assert_eq!(notice(&server.cart(&customer).await.body, 0), None);
    server.stop().await;
}

#[tokio::test]
async fn a_product_that_is_gone_is_named_and_costs_nothing() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    server.put(&customer, 2, 1).await;
    let database = server.database().await;
    let copies = database.database();
    let copies = copies.collection::<bson::Document>("product_copies");
    let known = bson::doc! { "name": "product 1" };
    assert_eq!(copies.delete_one(known).await.unwrap().deleted_count, 1);
    let cart = server.cart(&customer).await.body;
    assert_eq!(notice(&cart, 0), Some("it is not sold any more"));
    let line = &cart["lines"][0];
    assert_eq!(
        (&line["name"], &line["price"]),
        (&"product 1".into(), &5.99.into())
    );
    assert_eq!(
        (&line["total"], &cart["total"]),
        (&0.0.into(), &20.0.into())
    );
    assert_eq!(
        server.put(&customer, 1, 1).await.code(404),
        "unknown-product"
    );
    assert_eq!(server.put(&customer, 1, 0).await.quantities(), [(2, 1)]);
    server.stop().await;
}
