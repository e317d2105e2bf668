//! A cart that becomes an order.

use events::money::DEFAULT_CURRENCY;
use events::{
    CartCheckout, Money, OrderId, OrderStatus, OrderUpdate, PaymentChoice, ProductId, Reason,
    Rejection,
};
use futures::future::join_all;
use outbox::{MessageContext, OutboxStore};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::{eventually, problem_code};

use crate::server::{CART, Customer, Server};

const CHECKOUT: &str = "/api/checkout";

fn body() -> Value {
    json!({
        "payment": { "method": "card", "token": "tok_ok" },
        "delivery": {
            "name": "Ann Example", "street": "1 High Street", "city": "Bristol",
            "postal_code": "BS1 1AA", "country": "GB",
        },
    })
}

impl Server {
    async fn check_out(&self, who: &Customer, body: &Value) -> Response {
        self.ask(who, Method::POST, CHECKOUT, Some(body)).await
    }

    /// The order that the cart of `who` becomes.
    async fn order_of(&self, who: &Customer) -> OrderId {
        let answer = self.check_out(who, &body()).await;
        order(answer).await
    }

    async fn refused(&self, who: &Customer, body: &Value, status: u16) -> String {
        problem_code(self.check_out(who, body).await, status).await
    }

    async fn checkout(&self, who: &Customer, order: OrderId) -> Value {
        let path = format!("{CHECKOUT}/{order}");
        let answer = self.ask(who, Method::GET, &path, None).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// Has orders say `status` of `order`.
    async fn say(&self, order: OrderId, status: OrderStatus, reason: Option<Reason>, version: u64) {
        let update = OrderUpdate {
            order_id: order,
            customer_id: events::AccountId::from_u128(1),
            lines: Vec::new(),
            total: Money::zero(DEFAULT_CURRENCY),
            asks: events::Asks::NOTHING,
            status,
            reason,
            by: "orders".to_owned(),
            version,
        };
        let context = MessageContext::default();
        self.environment.publish(&update, context).await;
    }

    /// Waits until the checkout of `order` is `status`.
    async fn becomes(&self, who: &Customer, order: OrderId, status: &str) -> Value {
        let is = || async { self.checkout(who, order).await["status"] == status };
        eventually("the checkout is closed", is).await;
        self.checkout(who, order).await
    }

    /// What was published of `order`, once all is.
    async fn published(&self, order: OrderId) -> Vec<CartCheckout> {
        let database = self.database().await;
        let drained = || async { database.backlog().await.unwrap().records == 0 };
        eventually("the outbox is empty", drained).await;
        let all = self.environment.read::<CartCheckout>().await;
        let all = all.into_iter().map(|one| one.event);
        all.filter(|event| event.order_id == order).collect()
    }
}

async fn order(answer: Response) -> OrderId {
    assert_eq!(answer.status(), 202);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], "PENDING");
    let id = body["order_id"].as_str().unwrap();
    assert_eq!(location, format!("{CHECKOUT}/{id}"));
    id.parse().unwrap()
}

#[tokio::test]
async fn a_cart_is_frozen_published_and_closed_once_its_order_stands() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    server.put(&customer, 2, 1).await;
    let order = server.order_of(&customer).await;
    assert_eq!(server.cart(&customer).await.quantities(), []);
    let [first] = &server.published(order).await[..] else {
        panic!("it is published once");
    };
    assert_eq!((first.version, first.total.minor), (1, 3_198));
    let line = &first.lines[0];
    assert_eq!(
        (line.product_id, line.product_version),
        (ProductId::from_u128(1), 1)
    );
    let token = "tok_ok".to_owned();
    assert_eq!(first.payment, Some(PaymentChoice::Card { token }));
    assert_eq!(first.delivery.as_ref().unwrap().city, "Bristol");
    // What is put in now is for another order.
    server.put(&customer, 3, 1).await;
    for (status, version) in [(OrderStatus::Accepted, 2), (OrderStatus::Paid, 3)] {
        server.say(order, status, None, version).await;
    }
    let closed = server.becomes(&customer, order, "PLACED").await;
    assert_eq!(closed, json!({ "order_id": order, "status": "PLACED" }));
    server.say(order, OrderStatus::Rejected, None, 4).await;
    let [_, last] = &server.published(order).await[..] else {
        panic!("it is closed once");
    };
    assert_eq!(
        (last.version, &last.payment, &last.delivery),
        (2, &None, &None)
    );
    assert_eq!((&last.lines, last.total), (&first.lines, first.total));
    assert_eq!(server.cart(&customer).await.quantities(), [(3, 1)]);
    assert_ne!(server.order_of(&customer).await, order);
    server.stop().await;
}

#[tokio::test]
async fn what_is_rejected_is_in_the_cart_again_once_with_the_reason() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    server.put(&customer, 2, 1).await;
    let order = server.order_of(&customer).await;
    server.put(&customer, 1, 3).await;
    let reason = Reason::Rejection(Rejection::InsufficientStock {
        product_id: ProductId::from_u128(1),
        available: 1,
    });
    // Twice, as any event may come.
    for _ in 0..2 {
        let reason = Some(reason.clone());
        server.say(order, OrderStatus::Rejected, reason, 1).await;
    }
    let closed = server.becomes(&customer, order, "REJECTED").await;
    assert_eq!(closed["reason"]["code"], "insufficient-stock");
    assert_eq!(
        closed["reason"]["product_id"],
        ProductId::from_u128(1).to_string()
    );
    let again = server.order_of(&customer).await;
    assert_ne!(again, order);
    server.say(again, OrderStatus::Rejected, None, 1).await;
    server.becomes(&customer, again, "REJECTED").await;
    let cart = server.cart(&customer).await;
    assert_eq!(cart.quantities(), [(1, 5), (2, 1)]);
    let notice = cart.body["lines"][1]["notice"].as_str().unwrap();
    assert_eq!(notice, "it could not be ordered: the order was rejected");
    let put = server.put(&customer, 2, 1).await;
    assert_eq!(put.body["lines"][1]["notice"], Value::Null);
    assert_eq!(server.published(order).await.len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn checkouts_of_one_cart_at_once_and_again_are_one_order() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    let wanted = body();
    let tabs = (0..6).map(|_| server.check_out(&customer, &wanted));
    let mut orders = Vec::new();
    for tab in join_all(tabs).await {
        orders.push(order(tab).await);
    }
    // Also with something new in it.
    server.put(&customer, 2, 1).await;
    orders.push(server.order_of(&customer).await);
    let first = orders[0];
    assert!(orders.iter().all(|order| *order == first), "{orders:?}");
    assert_eq!(server.published(first).await.len(), 1);
    assert_eq!(server.cart(&customer).await.quantities(), [(2, 1)]);
    // What says something else is not taken for the same.
    let mut other = body();
    other["delivery"]["city"] = "London".into();
    let code = server.refused(&customer, &other, 409).await;
    assert_eq!(code, "checkout-under-way");
    server.stop().await;
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_again_also_when_its_order_stands() {
    let server = Server::start().await;
    let customer = server.account();
    let post = async |key: &str, body: &Value| {
        let request = server.request(Method::POST, CHECKOUT).json(body);
        let request = request.bearer_auth(customer.account.as_ref().unwrap());
        request.header("idempotency-key", key).send().await.unwrap()
    };
    assert_eq!(
        problem_code(post("k", &body()).await, 409).await,
        "empty-cart"
    );
    server.put(&customer, 1, 2).await;
    let first = order(post("k", &body()).await).await;
    server.say(first, OrderStatus::Accepted, None, 2).await;
    server.becomes(&customer, first, "PLACED").await;
    let again = post("k", &body()).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(order(again).await, first);
    let mut other = body();
    other["version"] = 1.into();
    let reused = post("k", &other).await;
    assert_eq!(problem_code(reused, 422).await, "idempotency-key-reused");
    assert_eq!(
        problem_code(post("l", &body()).await, 409).await,
        "empty-cart"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_as_its_customer_saw_it_is_not_checked_out() {
    let server = Server::start().await;
    let customer = server.account();
    assert_eq!(server.refused(&customer, &body(), 409).await, "empty-cart");
    server.put(&customer, 1, 2).await;
    server.put(&customer, 1, 3).await;
    let mut seen = body();
    seen["version"] = 1.into();
    assert_eq!(server.refused(&customer, &seen, 409).await, "stale-cart");
    server.change_product(1, 650, 10, 2).await;
    seen["version"] = 2.into();
    assert_eq!(server.refused(&customer, &seen, 409).await, "price-changed");
    server.change_product(1, 500, 10, 3).await;
    let checked_out = order(server.check_out(&customer, &seen).await).await;
    assert_eq!(server.published(checked_out).await[0].total.minor, 1_500);
    server.stop().await;
}

#[tokio::test]
async fn wrong_checkouts_are_refused_by_their_field_and_change_nothing() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    let set = |path: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    for (path, value, field) in [
        ("/payment/token", json!(""), "payment.token"),
        ("/delivery/name", json!(" "), "delivery.name"),
        (
            "/delivery/postal_code",
            json!("x".repeat(21)),
            "delivery.postal_code",
        ),
        ("/delivery/country", json!("XX"), "delivery.country"),
    ] {
        let answer = server.check_out(&customer, &set(path, value)).await;
        assert_eq!(answer.status(), 422);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&"invalid-body".into(), &field.into())
        );
    }
    for wrong in [
        json!({}),
        set("/payment", json!({ "method": "cash" })),
        set("/payment", json!({ "method": "card" })),
        set("/payment", json!({ "method": "later", "token": "x" })),
        set("/delivery", json!({ "name": "Ann" })),
    ] {
        assert_eq!(
            server.refused(&customer, &wrong, 422).await,
            "invalid-body",
            "{wrong}"
        );
    }
    let nobody = Customer::default();
    assert_eq!(server.refused(&nobody, &body(), 401).await, "unauthorized");
    assert_eq!(server.cart(&customer).await.quantities(), [(1, 2)]);
    for method in ["balance", "later"] {
        let customer = server.account();
        server.put(&customer, 1, 2).await;
        let body = set("/payment", json!({ "method": method }));
        order(server.check_out(&customer, &body).await).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_visitors_cart_is_merged_and_checked_out_by_one_request() {
    let server = Server::start().await;
    let visitor = server.visitor_with(1, 2).await;
    let both = Customer {
        cart: visitor.cart.clone(),
        ..server.account()
    };
    // Whoever says what was seen has not seen that.
    let mut seen = body();
    seen["version"] = 0.into();
    assert_eq!(server.refused(&both, &seen, 409).await, "stale-cart");
    let order = server.order_of(&both).await;
    assert_eq!(server.published(order).await[0].lines[0].quantity, 2);
    assert_eq!(server.cart(&both).await.quantities(), []);
    assert_eq!(server.cart(&visitor).await.quantities(), []);
    server.say(order, OrderStatus::Cancelled, None, 2).await;
    server.becomes(&both, order, "PLACED").await;
    server.put(&both, 2, 1).await;
    assert_ne!(server.order_of(&both).await, order);
    server.stop().await;
}

#[tokio::test]
async fn someone_elses_checkout_is_not_there() {
    let server = Server::start().await;
    let customer = server.account();
    server.put(&customer, 1, 2).await;
    let order = server.order_of(&customer).await;
    let mine = format!("{CHECKOUT}/{order}");
    let none = format!("{CHECKOUT}/{}", OrderId::from_u128(1));
    for (who, path) in [(&server.account(), &mine), (&customer, &none)] {
        let answer = server.ask(who, Method::GET, path, None).await;
        assert_eq!(problem_code(answer, 404).await, "unknown-order");
    }
    let answer = server.get(&mine, None).await;
    assert_eq!(problem_code(answer, 401).await, "unauthorized");
    assert_eq!(server.delete(&customer, CART).await.quantities(), []);
    assert_eq!(server.checkout(&customer, order).await["status"], "PENDING");
    server.stop().await;
}
