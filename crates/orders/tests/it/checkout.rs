//! Carts that become orders, and what an order of its own says of prices and where it goes.

use events::money::DEFAULT_CURRENCY;
use events::{
    Address, CartCheckout, CheckoutLine, CheckoutRejection, Money, OrderCreate, OrderDetails,
    OrderId, OrderStatus, OrderUpdate, PaymentChoice, ProductId, ProductsQuantityUpdate, Reason,
};
use orders::commands::retry_key;
use orders::domain::{Order, ProductCopy, update_id};
use orders::handlers::OnCartCheckout;
use outbox::{Envelope, Handle as _, HandleError, OutboxStore as _};
use replica::Copies;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{Shop, customer, envelope, handle, handle_twice, product, request, told};
use crate::server::Service;

const CHAIR: u128 = 1;

fn address() -> Address {
    Address {
        name: "Ann Example".to_owned(),
        street: "1 High Street".to_owned(),
        city: "Bristol".to_owned(),
        postal_code: "BS1 1AA".to_owned(),
        country: "GB".to_owned(),
    }
}

/// Two chairs at `minor`, as the cart has them from their `version`.
fn checkout(minor: i64, version: u64) -> Envelope<CartCheckout> {
    let price = Money::new(minor, DEFAULT_CURRENCY);
    let line = CheckoutLine {
        product_id: ProductId::from_u128(CHAIR),
        name: "chair".to_owned(),
        quantity: 2,
        unit_price: price,
        seller: None,
        product_version: version,
    };
    envelope(CartCheckout {
        order_id: OrderId::from_bytes(Uuid::now_v7().into_bytes()),
        customer_id: customer(),
        lines: vec![line],
        total: price.times(2).unwrap(),
        payment: Some(PaymentChoice::Balance),
        delivery: Some(address()),
        version: 1,
    })
}

async fn placed(shop: &Shop, checkout: &Envelope<CartCheckout>) -> Order {
    let handler = OnCartCheckout::new(shop.database.clone());
    handle_twice(shop, &handler, std::slice::from_ref(checkout)).await;
    shop.order(checkout.event.order_id).await
}

#[tokio::test]
async fn a_cart_becomes_the_order_that_it_names_once() {
    let shop = Shop::open().await;
    let checkout = checkout(2999, 1);
    let order = placed(&shop, &checkout).await;
    assert_eq!((order.status, order.version), (OrderStatus::Pending, 1));
    assert_eq!(order.customer, checkout.event.customer_id);
    assert!(order.asks.payment);
    assert_eq!(
        told::<OrderCreate>(&shop, order.id).await,
        [order.to_event()]
    );
    assert_eq!(told::<OrderUpdate>(&shop, order.id).await, []);
    let details = told::<OrderDetails>(&shop, order.id).await;
    assert_eq!((details.len(), details[0].version), (1, 1));
    assert_eq!(details[0].payment, Some(PaymentChoice::Balance));
    assert_eq!(details[0].delivery, Some(address()));
    // Whatever has become of it.
    shop.settle(order.id, OrderStatus::Rejected).await;
    let before = shop.contents().await;
    placed(&shop, &checkout).await;
    assert_eq!(shop.contents().await, before);
    let handler = OnCartCheckout::new(shop.database.clone());
    let closed = CartCheckout {
        payment: None,
        delivery: None,
        version: 2,
        ..checkout.event
    };
    assert!(!handler.wants(&closed));
}

#[tokio::test]
async fn two_checkouts_of_one_order_in_a_batch_are_one() {
    let shop = Shop::open().await;
    let (one, other) = (checkout(2999, 1), checkout(2999, 1));
    let handler = OnCartCheckout::new(shop.database.clone());
    handle_twice(&shop, &handler, &[one.clone(), other, one]).await;
    assert_eq!(shop.count("orders").await, 2);
}

/// The chair is sold at `minor` from `version` on.
async fn reprice(shop: &Shop, minor: i64, version: u64) {
    let product = product(CHAIR, "chair", minor, 30, version);
    let handler = Copies::<ProductCopy, _>::new(shop.database.clone());
    let update = envelope(ProductsQuantityUpdate { product });
    handle(&shop.database, &handler, &[update]).await.unwrap();
}

/// An order that is rejected since the chair has become dearer.
pub async fn rejected(shop: &Shop) -> Order {
    reprice(shop, 3099, 4).await;
    placed(shop, &checkout(2999, 3)).await
}

#[tokio::test]
async fn a_price_that_is_newer_than_the_cart_rejects_it() {
    let shop = Shop::open().await;
    let order = rejected(&shop).await;
    let reason = Reason::Checkout(CheckoutRejection::PriceChanged {
        product_id: ProductId::from_u128(CHAIR),
        price: Money::new(3099, DEFAULT_CURRENCY),
    });
    assert_eq!((order.status, order.version), (OrderStatus::Rejected, 1));
    assert_eq!((order.history.len(), &order.reason), (1, &Some(reason)));
    assert_eq!(told::<OrderCreate>(&shop, order.id).await, []);
    assert_eq!(told::<OrderDetails>(&shop, order.id).await, []);
    assert_eq!(
        told::<OrderUpdate>(&shop, order.id).await,
        [order.to_update()]
    );
    let records = shop.database.pending(10, &[]).await.unwrap();
    let messages: Vec<_> = records.iter().flat_map(|it| &it.messages).collect();
    assert_eq!(messages[0].id, update_id(order.id, 1));

    // As far as the cart, or behind it, the cart is right.
    for seen in [4, 5] {
        let order = placed(&shop, &checkout(2999, seen)).await;
        assert_eq!(order.status, OrderStatus::Pending, "{seen}");
    }
}

#[tokio::test]
async fn what_can_not_be_an_order_is_a_dead_letter() {
    let shop = Shop::open().await;
    let handler = OnCartCheckout::new(shop.database.clone());
    let mut wrong = checkout(2999, 1);
    wrong.event.total = Money::new(1, DEFAULT_CURRENCY);
    let refused = handle(&shop.database, &handler, &[wrong.clone()]).await;
    let Err(HandleError::DeadLetter(why)) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.contains(&wrong.event.order_id.to_string()), "{why}");
    assert_eq!(shop.count("orders").await, 0);
}

fn body(price: Option<Value>, more: &[(&str, Value)]) -> String {
    let mut line = json!({ "name": "cup", "quantity": 1 });
    if let Some(price) = price {
        line["price"] = price;
    }
    let mut body = json!({ "products": [line] });
    for (member, value) in more {
        body[*member] = value.clone();
    }
    body.to_string()
}

#[tokio::test]
async fn a_line_may_name_the_price_that_it_expects() {
    let service = Service::start(1).await;
    let me = service.user();
    for price in [json!(5.99), json!(5.990), Value::Null] {
        let placed = me.post(&body(Some(price), &[]), &[]).await;
        assert_eq!(placed.status, 201, "{}", placed.body);
    }
    for price in [json!(5.98), json!(6), json!(0), json!(-5.99)] {
        let refused = me.post(&body(Some(price.clone()), &[]), &[]).await;
        assert_eq!(refused.problem(), (409, "price-changed"), "{price}");
        assert_eq!(refused.body["price"].to_string(), "5.99");
        assert_eq!(refused.body["product"], "cup");
    }
    for price in [json!("5.99"), json!(5.999), json!(1e300), json!([])] {
        let refused = me.post(&body(Some(price.clone()), &[]), &[]).await;
        assert_eq!(refused.problem(), (422, "invalid-body"), "{price}");
    }
    assert_eq!(service.shop.count("orders").await, 3);
    service.stop().await;
}

#[tokio::test]
async fn an_order_says_where_it_goes_with_its_payment_only() {
    let service = Service::start(1).await;
    let me = service.user();
    let payment = ("payment", json!({ "method": "later" }));
    let delivery = json!({ "name": "Ann Example", "street": "1 High Street", "city": "Bristol",
        "postal_code": "BS1 1AA", "country": "gb" });
    let asked = body(None, &[payment.clone(), ("delivery", delivery.clone())]);
    let placed = me.post(&asked, &[]).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    let read = || service.shop.environment().read::<OrderDetails>();
    testkit::eventually("it is published", async || !read().await.is_empty()).await;
    let details = read().await;
    assert_eq!(details[0].event.delivery, Some(address()));

    let alone = body(None, &[("delivery", delivery.clone())]);
    let refused = me.post(&alone, &[]).await;
    assert_eq!(refused.problem(), (422, "invalid-body"));
    assert_eq!(refused.body["field"], "delivery");
    for (field, wrong) in [("city", ""), ("country", "Atlantis"), ("name", "a\nb")] {
        let mut delivery = delivery.clone();
        delivery[field] = wrong.into();
        let asked = body(None, &[payment.clone(), ("delivery", delivery)]);
        let refused = me.post(&asked, &[]).await;
        assert_eq!(refused.problem(), (422, "invalid-body"), "{field}");
        assert_eq!(refused.body["field"], format!("delivery.{field}"));
    }
    assert_eq!(service.shop.count("orders").await, 1);
    service.stop().await;
}

#[tokio::test]
async fn the_same_order_to_elsewhere_is_another_request() {
    let basket = request(customer(), &[("cup", 1)], None).basket;
    let digest = |to: Option<&Address>| retry_key(customer(), "a", &basket, None, to).body;
    let here = address();
    let elsewhere = Address {
        city: "Bath".to_owned(),
        ..address()
    };
    assert_eq!(digest(Some(&here)), digest(Some(&address())));
    assert_ne!(digest(Some(&here)), digest(Some(&elsewhere)));
    assert_ne!(digest(Some(&here)), digest(None));
}
