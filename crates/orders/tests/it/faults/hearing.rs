//! What others say, through the real inbox: decisions, and products as they are.

use events::{
    OrderStatus, OrderStatusUpdate, ProductCreate, ProductId, ProductsQuantityUpdate, Rejection,
};
use orders::domain::ProductCopy;
use orders::handlers::{OnOrderStatusUpdate, OnProductCreate, OnProductsQuantityUpdate};
use orders::store::audit::audit_view;
use outbox::Subscriptions;
use outbox::mongo::MongoDatabase;
use testkit::faults::{Lane, Tally, each_command, in_lanes};
use testkit::{Hearing, eventually};

use super::{Ground, LANES};
use crate::fixture::{customer, product};

fn subscriptions(database: &MongoDatabase) -> Subscriptions<MongoDatabase> {
    Subscriptions::new("orders")
        .on::<OrderStatusUpdate, _>(OnOrderStatusUpdate::new(database.clone()))
        .on::<ProductCreate, _>(OnProductCreate::new(database.clone()))
        .on::<ProductsQuantityUpdate, _>(OnProductsQuantityUpdate::new(database.clone()))
}

async fn copy(ground: &Ground, id: u128) -> Option<ProductCopy> {
    let all = audit_view(&ground.shop.database).products().await.unwrap();
    all.into_iter()
        .find(|copy| copy.id == ProductId::from_u128(id))
}

/// Waits until the copy of product `id` is of `version`.
async fn copied(ground: &Ground, id: u128, version: u64, what: &str) {
    eventually(
        &format!("{what}: product {id} in version {version}"),
        || {
            let copy = copy(ground, id);
            async move { copy.await.is_some_and(|copy| copy.version == version) }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_settled_once_whatever_command_fails() {
    in_lanes(LANES, settlements).await;
}

async fn settlements(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let hearing = Hearing::start(&ground.tapped, subscriptions(&ground.tapped));
    let mut number = 1;
    let mut drain = async |what: &str| {
        // It works through one thing after another: once this is there, all before it is over.
        number += 1;
        let product = product(9, "last", 1, 1, number);
        hearing.hear(&[ProductsQuantityUpdate { product }]).await;
        copied(&ground, 9, number, what).await;
    };
    drain("the start").await;
    let tally = each_command(&ground.tap, lane, "orders: settling orders", async |what| {
        ground.tap.rest();
        let first = ground.shop.place_one(customer()).await;
        let second = ground.shop.place_one(customer()).await;
        ground.said().await;
        ground.tap.go_on();
        let reason = Rejection::InsufficientStock {
            product_id: ProductId::from_u128(1),
            available: 0,
        };
        let update = |order_id, status, reason| OrderStatusUpdate {
            order_id,
            status,
            reason,
            version: 1,
        };
        let decisions = [
            update(first.id, OrderStatus::Accepted, None),
            update(second.id, OrderStatus::Rejected, Some(reason.clone())),
        ];
        hearing.hear(&decisions).await;
        eventually(&format!("{what}: settled"), async || {
            let second = ground.shop.order(second.id).await;
            ground.shop.order(first.id).await.status != OrderStatus::Pending
                && second.status != OrderStatus::Pending
        })
        .await;
        ground.tap.rest();
        drain(what).await;

        let first = ground.shop.order(first.id).await;
        let second = ground.shop.order(second.id).await;
        assert_eq!(first.status, OrderStatus::Accepted, "{what}");
        assert_eq!(second.status, OrderStatus::Rejected, "{what}");
        assert_eq!(second.reason, Some(reason), "{what}");
        for order in [first, second] {
            let steps = (order.version, order.history.len());
            assert_eq!(steps, (2, 2), "{what}: one step");
        }
        assert_eq!(ground.said().await, [], "{what}: nothing to say");
        assert_eq!(ground.shop.count("dead_letters").await, 0, "{what}");
    })
    .await;
    hearing.stop().await;
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_product_is_copied_whatever_command_fails() {
    in_lanes(LANES, new_copies).await;
}

async fn new_copies(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let hearing = Hearing::start(&ground.tapped, subscriptions(&ground.tapped));
    let mut number = 1;
    let drain = async |version: u64, what: &str| {
        let product = product(9, "last", 1, 1, version);
        hearing.hear(&[ProductsQuantityUpdate { product }]).await;
        copied(&ground, 9, version, what).await;
    };
    drain(1, "the start").await;
    let unit = "orders: copying a new product";
    let tally = each_command(&ground.tap, lane, unit, async |what| {
        number += 1;
        let id = u128::from(number) + 100;
        let product = product(id, &format!("new {number}"), 250, 7, 1);
        // Said twice, as a relay that begins again does.
        let created = ProductCreate {
            product: product.clone(),
        };
        hearing.hear(&[created.clone(), created]).await;
        copied(&ground, id, 1, what).await;
        ground.tap.rest();
        drain(number, what).await;
        assert_eq!(
            copy(&ground, id).await,
            Some(ProductCopy::from(&product)),
            "{what}"
        );
    })
    .await;
    assert_eq!(ground.said().await, [], "nothing to say");
    assert_eq!(ground.shop.count("dead_letters").await, 0);
    hearing.stop().await;
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quantity_is_copied_and_never_goes_back_whatever_command_fails() {
    in_lanes(LANES, changed_copies).await;
}

async fn changed_copies(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let hearing = Hearing::start(&ground.tapped, subscriptions(&ground.tapped));
    let mut number = 1;
    let drain = async |version: u64, what: &str| {
        let product = product(9, "last", 1, 1, version);
        hearing.hear(&[ProductsQuantityUpdate { product }]).await;
        copied(&ground, 9, version, what).await;
    };
    drain(1, "the start").await;
    let cup = |quantity, version| ProductsQuantityUpdate {
        product: product(2, "cup", 599, quantity, version),
    };
    let mut version = 1;
    let unit = "orders: copying a quantity";
    let tally = each_command(&ground.tap, lane, unit, async |what| {
        version += 2;
        number += 1;
        let quantity = u32::try_from(version).unwrap();
        // The older one comes last, and again.
        let updates = [
            cup(quantity, version),
            cup(500, version - 1),
            cup(quantity, version),
        ];
        hearing.hear(&updates).await;
        copied(&ground, 2, version, what).await;
        ground.tap.rest();
        drain(number, what).await;
        let now = copy(&ground, 2).await.unwrap();
        assert_eq!((now.quantity, now.version), (quantity, version), "{what}");
    })
    .await;
    assert_eq!(ground.said().await, [], "nothing to say");
    assert_eq!(ground.shop.count("dead_letters").await, 0);
    hearing.stop().await;
    tally
}
