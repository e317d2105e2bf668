//! What goes well over HTTP.

use std::collections::BTreeSet;

use events::{
    OrderId, OrderStatus, OrderStatusUpdate, ProductId, ProductsQuantityUpdate, Rejection,
};
use outbox::MessageContext;
use serde_json::json;
use service::token::Role;

use crate::fixture::{customer, product, request};
use crate::server::Service;

#[tokio::test]
async fn an_order_goes_its_way() {
    let service = Service::start(1).await;
    let me = service.user();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("x-request-id", "req-7"), ("traceparent", trace)];
    let placed = me
        .order(&[("chair", 1), ("cup", 1), ("chair", 1)], &headers)
        .await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    let id = placed.text("id").to_owned();
    assert_eq!(placed.headers["location"], format!("/api/orders/{id}"));
    assert_eq!(placed.body["status"], "PENDING");
    assert_eq!(placed.body["cost"], json!(65.97));
    assert_eq!(placed.body["currency"], "EUR");
    let lines = json!([
        { "name": "chair", "price": 29.99, "quantity": 2 },
        { "name": "cup", "price": 5.99, "quantity": 1 },
    ]);
    assert_eq!(placed.body["products"], lines);
    assert!(placed.text("created_at").ends_with('Z'));

    let published = service.published(1).await;
    assert_eq!(published.len(), 1);
    let created = &published[0];
    assert_eq!(created.event.order_id.to_string(), id);
    assert_eq!(
        (created.event.total.minor, created.event.lines.len()),
        (6597, 2)
    );
    assert_eq!(created.context.correlation_id.as_deref(), Some("req-7"));
    assert_eq!(created.context.traceparent.as_deref(), Some(trace));

    let order_id: OrderId = id.parse().unwrap();
    let rejected = OrderStatusUpdate {
        order_id,
        status: OrderStatus::Rejected,
        reason: Some(Rejection::InsufficientStock {
            product_id: ProductId::from_u128(1),
            available: 1,
        }),
        version: 1,
    };
    service
        .shop
        .environment()
        .publish(&rejected, MessageContext::default())
        .await;
    let path = format!("/api/orders/{id}");
    testkit::eventually("the order is settled", async || {
        me.get(&path).await.body["status"] == "REJECTED"
    })
    .await;
    let order = me.get(&path).await;
    assert_eq!(order.status, 200);
    let reason = &order.body["reason"];
    assert_eq!(
        (&reason["code"], &reason["product"]),
        (&json!("insufficient-stock"), &json!("chair"))
    );
    assert!(reason["detail"].as_str().unwrap().contains("chair"));
    let history = order.body["history"].as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(
        (&history[0]["status"], &history[0]["by"]),
        (&json!("PENDING"), &json!("orders"))
    );
    assert_eq!(
        (&history[1]["status"], &history[1]["by"]),
        (&json!("REJECTED"), &json!("products"))
    );
    assert_eq!(history[1]["reason"]["code"], "insufficient-stock");

    let listed = me.get("/api/orders").await;
    assert_eq!(listed.orders().len(), 1);
    assert_eq!(listed.orders()[0]["cost"], json!(65.97));
    assert!(listed.body.get("next_page_token").is_none());
    service.stop().await;
}

/// Whatever a client sends as its context: the order is placed, and its event leaves room for the
/// decision that follows from it.
#[tokio::test]
async fn what_a_client_sends_as_its_context_is_bounded() {
    let service = Service::start(1).await;
    let me = service.user();
    let trace = "-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let endless = |version: &str, length: usize| {
        let begun = format!("{version}{trace}-");
        format!("{begun}{}", "a".repeat(length - begun.len()))
    };
    // As much as a head may have; more is 431.
    let id = "i".repeat(1_500);
    for (version, length) in [("00", 10_000), ("00", 30_000), ("01", 30_000)] {
        let sent = endless(version, length);
        let headers = [("traceparent", &*sent), ("x-request-id", &id)];
        let placed = me.order(&[("cup", 1)], &headers).await;
        assert_eq!(placed.status, 201, "{}", placed.body);
    }
    let sent = endless("00", 40_000);
    let refused = me.order(&[("cup", 1)], &[("traceparent", &sent)]).await;
    assert_eq!(refused.status, 431);
    let published = service.published(3).await;
    let mut traces: Vec<_> = published
        .iter()
        .map(|created| created.context.traceparent.clone())
        .collect();
    traces.sort();
    assert_eq!(traces, [None, None, Some(format!("01{trace}"))]);
    for created in published {
        let correlation = created.context.correlation_id.map_or(0, |id| id.len());
        assert_eq!(correlation, 36, "a request id of its own");
    }
    service.stop().await;
}

#[tokio::test]
async fn the_local_copy_follows_the_topic() {
    let service = Service::start(1).await;
    let me = service.user();
    let update = ProductsQuantityUpdate {
        product: product(9, "desk", 10_000, 1, 1),
    };
    assert_eq!(
        me.order(&[("desk", 1)], &[]).await.problem(),
        (404, "unknown-product")
    );
    service
        .shop
        .environment()
        .publish(&update, MessageContext::default())
        .await;
    testkit::eventually("the desk can be ordered", async || {
        me.order(&[("desk", 1)], &[]).await.status == 201
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let service = Service::start(1).await;
    let me = service.user();
    let key = [("idempotency-key", "9f0c\"!~")];
    let first = me.order(&[("cup", 2)], &key).await;
    assert_eq!(first.status, 201);
    assert!(first.headers.get("idempotent-replayed").is_none());
    let again = me.order(&[("cup", 1), ("cup", 1)], &key).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.headers["location"], first.headers["location"]);
    let other = me.order(&[("cup", 3)], &key).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused"));
    assert_eq!(me.get("/api/orders").await.orders().len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn pages_show_each_order_once_while_new_ones_come() {
    let service = Service::start(1).await;
    let account = customer();
    let me = service.client(0, account, Role::User);
    assert_eq!(me.get("/api/orders").await.body, json!({ "orders": [] }));
    let requests: Vec<_> = (0..120)
        .map(|_| request(account, &[("cup", 1)], None))
        .collect();
    service.shop.place(&requests).await;
    service.shop.place_one(customer()).await;

    let mut seen = Vec::new();
    let mut path = "/api/orders?page_size=50".to_owned();
    loop {
        let page = me.get(&path).await;
        seen.extend(
            page.orders()
                .iter()
                .map(|order| order["id"].as_str().unwrap().to_owned()),
        );
        service.shop.place_one(account).await;
        let Some(token) = page.body["next_page_token"].as_str() else {
            break;
        };
        path = format!("/api/orders?page_size=50&page_token={token}");
    }
    let mut newest_first: Vec<_> = requests
        .iter()
        .map(|request| request.id.to_string())
        .collect();
    newest_first.sort();
    newest_first.reverse();
    assert_eq!(seen, newest_first);

    let admin = service.client(0, customer(), Role::Admin);
    let all = admin
        .get("/api/admin/orders?status=PENDING&page_size=100")
        .await;
    assert_eq!(all.orders().len(), 100);
    let customers: BTreeSet<_> = all
        .orders()
        .iter()
        .map(|order| order["customer_id"].as_str().unwrap())
        .collect();
    assert_eq!(customers.len(), 2);
    let one = admin
        .get(&format!("/api/admin/orders?id={}", seen[7]))
        .await;
    assert_eq!(one.orders().len(), 1);
    assert_eq!(one.orders()[0]["id"], seen[7].as_str());
    assert!(
        admin
            .get("/api/admin/orders?status=ACCEPTED")
            .await
            .orders()
            .is_empty()
    );
    service.stop().await;
}

#[tokio::test]
async fn a_customer_lists_those_that_stand_somewhere() {
    let service = Service::start(1).await;
    let me = customer();
    let (pending, accepted) = (
        service.shop.place_one(me).await,
        service.shop.place_one(me).await,
    );
    let other = service.shop.place_one(customer()).await;
    for order in [accepted.id, other.id] {
        service.shop.settle(order, OrderStatus::Accepted).await;
    }
    let client = service.client(0, me, Role::User);
    for (status, expected) in [("PENDING", pending.id), ("ACCEPTED", accepted.id)] {
        let listed = client.get(&format!("/api/orders?status={status}")).await;
        let ids: Vec<_> = listed.orders().iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, [&expected.to_string()]);
    }
    let refused = client.get("/api/orders?status=LOST").await;
    assert_eq!(refused.problem(), (400, "invalid-query"));
    service.stop().await;
}

#[tokio::test]
async fn someone_elses_order_is_not_there_but_for_an_admin() {
    let service = Service::start(1).await;
    let order = service.shop.place_one(customer()).await;
    let path = format!("/api/orders/{}", order.id);
    assert_eq!(
        service.user().get(&path).await.problem(),
        (404, "unknown-order")
    );
    let admin = service.client(0, customer(), Role::Admin);
    assert_eq!(admin.get(&path).await.status, 200);
    assert_eq!(
        service.user().get("/api/admin/orders").await.problem(),
        (403, "forbidden")
    );
    service.stop().await;
}

#[tokio::test]
async fn health_and_description_are_there() {
    let service = Service::start(1).await;
    let anyone = service.anyone(0);
    testkit::eventually("the service is ready", async || {
        anyone.get("/readyz").await.status == 200
    })
    .await;
    assert_eq!(anyone.get("/livez").await.status, 200);
    let described = serde_json::to_value(host::openapi::<orders::Orders>()).unwrap();
    for path in [
        "/api/orders",
        "/api/orders/{id}",
        "/api/orders/stream",
        "/api/admin/orders",
    ] {
        assert!(described["paths"].get(path).is_some(), "{path}");
    }
    assert!(described["paths"]["/api/orders"].get("post").is_some());
    service.stop().await;
}
