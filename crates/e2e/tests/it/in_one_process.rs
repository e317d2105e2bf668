//! The README's tour, with all services in one process as `quadrille up` runs them.

use std::collections::HashMap;
use std::time::Duration;

use e2e::{Client, Connection};
use reqwest::Method;
use serde_json::json;
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use testkit::eventually;

async fn start(connection: &Connection, lifecycle: &Lifecycle) -> String {
    let mongo = |name: &str| {
        MongoSettings::new(
            &connection.endpoints.mongodb_uri,
            &connection.database(name),
        )
    };
    let kafka = KafkaSettings::new(
        &connection.endpoints.kafka_brokers,
        &format!("{}.", connection.name),
    );
    let http = HttpSettings::on_free_port;
    let mut common = host::Settings {
        http: http(),
        kafka,
        demo: true,
        ..Default::default()
    };
    let mut addresses = Vec::new();
    let mut in_process = HashMap::new();
    for service in quadrille::SERVICES {
        common.mongo = mongo(service.name());
        let database = host::connect(service.name(), &common.mongo).await.unwrap();
        service.load_demo(&database).await.unwrap();
        let own = service.own_settings(clap::Command::new("own"));
        let own = own.get_matches_from(["own"]);
        let running = service
            .start(common.clone(), &own, lifecycle)
            .await
            .unwrap();
        if service.name() == "auth" {
            let keys = format!("http://{}/.well-known/jwks.json", running.address);
            common.tokens = TokenSettings::new(&keys);
            for service in quadrille::DEMO_SERVICES {
                common.mongo = mongo(service.name());
                let own = service.own_settings(clap::Command::new("own"));
                let own = own.get_matches_from(["own"]);
                let running = service
                    .start(common.clone(), &own, lifecycle)
                    .await
                    .unwrap();
                let url = format!("http://{}", running.address);
                common.addresses.insert(service.name(), url);
            }
        }
        addresses.push((service.name(), running.address));
        in_process.insert(service.name(), running.routes);
    }
    let gateway = gateway::Settings {
        http: http(),
        tokens: common.tokens,
        upstreams: gateway::Addresses::of(addresses),
        edge: gateway::EdgeSettings {
            limits: gateway::LimitSettings::NONE,
            ..Default::default()
        },
        ..Default::default()
    };
    let shop = gateway::Shop {
        services: quadrille::upstreams(),
        in_process,
        ..Default::default()
    };
    let gateway = gateway::start(gateway, shop, lifecycle, None)
        .await
        .unwrap()
        .address;
    format!("http://{gateway}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_works_line_by_line() {
    let connection = crate::shared_connection().await;
    let lifecycle = Lifecycle::new(Duration::from_secs(10));
    let visitor = Client::new(&start(&connection, &lifecycle).await);

    // Look.
    let list = visitor.get("/api/products").await.unwrap();
    let names: Vec<_> = list.body["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap().to_owned())
        .collect();
    for name in ["cutlery", "chair", "laptop", "headphones"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    // A visitor may look, not order.
    assert_eq!(
        visitor.order(&[("laptop", 1)], 0).await.unwrap().status,
        401
    );

    // Log in and order.
    let user = visitor.log_in("aaa@aaa.com", "aaa@aaa.com").await.unwrap();
    eventually("the products are known to orders", || async {
        user.order(&[("chair", 999_999)], 0)
            .await
            .is_ok_and(|answer| answer.status == 409)
    })
    .await;
    let order = user
        .order(&[("laptop", 1), ("cutlery", 3)], 20)
        .await
        .unwrap();
    assert_eq!(order.status, 201, "{order:?}");
    assert_eq!(order.text("status"), "ACCEPTED", "{order:?}");
    assert_eq!(order.body["cost"].to_string(), "1317.96");

    // Watch: its history says what happened.
    let watched = user
        .get(&format!("/api/orders/{}", order.text("id")))
        .await
        .unwrap();
    let history: Vec<_> = watched.body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["status"].clone())
        .collect();
    assert_eq!(history, ["PENDING", "ACCEPTED"]);

    // Sold out: known at once, or decided by products.
    eventually("the laptop is known to be sold", || async {
        user.order(&[("laptop", 1)], 0)
            .await
            .is_ok_and(|answer| answer.status == 409)
    })
    .await;

    // Rejected: two at the same time for the last pair of headphones.
    let both =
        futures::future::join_all((0..2).map(|_| user.order(&[("headphones", 1)], 20))).await;
    let accepted = both
        .iter()
        .filter(|a| a.as_ref().unwrap().text("status") == "ACCEPTED")
        .count();
    assert_eq!(accepted, 1, "{both:?}");

    // An admin adds a product, and it can be ordered.
    let lamp = json!({ "product": { "name": "lamp", "description": "Gives light", "price": 19.5,
        "quantity": 5, "categories": ["furniture"] } });
    assert_eq!(user.post("/api/products", &lamp).await.unwrap().status, 403);
    let admin = visitor
        .log_in("admin@admin.com", "admin@admin.com")
        .await
        .unwrap();
    assert_eq!(
        admin.post("/api/products", &lamp).await.unwrap().status,
        201
    );
    eventually("the lamp can be ordered", || async {
        user.order(&[("lamp", 1)], 20)
            .await
            .is_ok_and(|answer| answer.text("status") == "ACCEPTED")
    })
    .await;

    pay_and_have_it_back(&user).await;
    from_cart_to_paid(&visitor, &user).await;

    lifecycle.trigger();
    lifecycle.join().await.unwrap();
}

/// An order is paid by card and cancelled; another one is paid by a second card.
async fn pay_and_have_it_back(user: &Client) {
    let pay = async |token: &str| {
        let body = json!({
            "products": [{ "name": "chair", "quantity": 1 }],
            "payment": { "method": "card", "token": token },
        });
        let placed = user.post("/api/orders", &body).await.unwrap();
        assert_eq!(placed.status, 201, "{placed:?}");
        placed.text("id").to_owned()
    };
    let is = async |id: &str, status: &str| {
        let order = user.get(&format!("/api/orders/{id}")).await;
        order.is_ok_and(|order| order.text("status") == status)
    };
    let paid = pay("tok_ok").await;
    eventually("it is paid", || is(&paid, "PAID")).await;
    let cancelled = user
        .post(&format!("/api/orders/{paid}/cancel"), &json!({}))
        .await
        .unwrap();
    assert_eq!(cancelled.text("status"), "CANCELLED", "{cancelled:?}");
    eventually("the money is back", async || {
        let payment = user.get(&format!("/api/orders/{paid}/payment")).await;
        payment.is_ok_and(|payment| {
            payment.text("status") == "REFUNDED" && payment.body["refunded"] == json!(29.99)
        })
    })
    .await;
    // A declined card leaves the order to be paid otherwise, until that is declined too often.
    let declined = pay("tok_declined").await;
    let path = format!("/api/orders/{declined}/payment");
    eventually("the card is declined", async || {
        let payment = user.get(&path).await;
        payment.is_ok_and(|payment| {
            payment.body["attempts"] == 1 && payment.body["reason"].is_string()
        })
    })
    .await;
    let other = json!({ "method": "card", "token": "tok_ok" });
    let again = user.post(&path, &other).await.unwrap();
    assert!(again.status.is_success(), "{again:?}");
    eventually("another card pays", || is(&declined, "PAID")).await;
}

/// What a visitor put into a cart is merged at login, checked out once, and paid for.
async fn from_cart_to_paid(visitor: &Client, user: &Client) {
    let list = visitor.get("/api/products?name=cutlery").await.unwrap();
    let cutlery = list.body["products"][0]["id"].as_str().unwrap().to_owned();
    let empty = visitor.get("/api/cart").await.unwrap();
    let token = empty.header("cart-token");
    let headers = [("cart-token", token)];
    let line = format!("/api/cart/lines/{cutlery}");
    let two = json!({ "quantity": 2 });
    eventually("carts knows the product", async || {
        let filled = visitor.send(Method::PUT, &line, Some(&two), &headers).await;
        filled.is_ok_and(|filled| filled.body["total"] == json!(11.98))
    })
    .await;

    let merged = user
        .send(Method::GET, "/api/cart", None, &headers)
        .await
        .unwrap();
    assert_eq!(merged.body["lines"][0]["quantity"], 2, "{merged:?}");
    let checkout = json!({
        "payment": { "method": "card", "token": "tok_ok" },
        "delivery": { "name": "Ann Example", "street": "1 High Street", "city": "Bristol",
            "postal_code": "BS1 1AA", "country": "GB" },
        "version": merged.body["version"],
    });
    let both = (0..2).map(|_| user.post("/api/checkout", &checkout));
    let both = futures::future::join_all(both).await;
    let mut orders = Vec::new();
    for answer in both {
        // The one that comes too late meets a cart that is empty, or has changed.
        match answer.unwrap() {
            taken if taken.status == 202 => orders.push(taken.text("order_id").to_owned()),
            refused => assert_eq!(refused.status, 409, "{refused:?}"),
        }
    }
    orders.dedup();
    assert_eq!(orders.len(), 1, "one cart is one order: {orders:?}");
    let order = format!("/api/orders/{}", orders[0]);
    eventually("the order is paid", async || {
        let order = user.get(&order).await;
        order
            .is_ok_and(|order| order.text("status") == "PAID" && order.body["cost"] == json!(11.98))
    })
    .await;
    let checkout = format!("/api/checkout/{}", orders[0]);
    eventually("the checkout is placed", async || {
        let checkout = user.get(&checkout).await;
        checkout.is_ok_and(|checkout| checkout.text("status") == "PLACED")
    })
    .await;
    let cart = user.get("/api/cart").await.unwrap();
    assert_eq!(cart.body["lines"], json!([]), "{cart:?}");
}
