//! What others say, through the real inbox: decisions, and products as they are.

use events::{
    OrderStatus, OrderStatusUpdate, ProductCreate, ProductId, ProductsQuantityUpdate, Reason,
    Rejection,
};
use orders::domain::{ProductCopy, update_id};
use orders::handlers::OnOrderStatusUpdate;
use outbox::Subscriptions;
use outbox::mongo::MongoDatabase;
use replica::{Copies, ReplicaStore as _, Versioned};
use testkit::faults::{FaultCounts, Share, each_command, in_shares};
use testkit::{Consuming, eventually};
use uuid::Uuid;

use super::{SHARES, Setup};
use crate::fixture::{customer, product};

fn subscriptions(database: &MongoDatabase) -> Subscriptions<MongoDatabase> {
    Subscriptions::new("orders")
        .on::<OrderStatusUpdate, _>(OnOrderStatusUpdate::new(database.clone()))
        .on::<ProductCreate, _>(Copies::<ProductCopy, _>::new(database.clone()))
        .on::<ProductsQuantityUpdate, _>(Copies::<ProductCopy, _>::new(database.clone()))
}

async fn copy(setup: &Setup, id: u128) -> Option<Versioned<ProductCopy>> {
    let database = &setup.shop.database;
    database.by_id(Uuid::from_u128(id)).await.unwrap()
}

/// Waits until the copy of product `id` is of `version`.
async fn copied(setup: &Setup, id: u128, version: u64, what: &str) {
    eventually(
        &format!("{what}: product {id} in version {version}"),
        || {
            let copy = copy(setup, id);
            async move { copy.await.is_some_and(|copy| copy.version == version) }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_settled_once_whatever_command_fails() {
    in_shares(SHARES, transitions).await;
}

async fn transitions(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let consuming = Consuming::start(&setup.proxied, subscriptions(&setup.proxied));
    let mut number = 1;
    let mut drain = async |what: &str| {
        // It works through one thing after another: once this is there, all before it is over.
        number += 1;
        let product = product(9, "last", 1, 1, number);
        consuming
            .consume(&[ProductsQuantityUpdate { product }])
            .await;
        copied(&setup, 9, number, what).await;
    };
    drain("the start").await;
    let fault_counts = each_command(
        &setup.proxy,
        share,
        "orders: settling orders",
        async |what| {
            setup.proxy.rest();
            let first = setup.shop.place_one(customer()).await;
            let second = setup.shop.place_one(customer()).await;
            setup.published().await;
            setup.proxy.go_on();
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
            consuming.consume(&decisions).await;
            eventually(&format!("{what}: settled"), async || {
                let second = setup.shop.order(second.id).await;
                setup.shop.order(first.id).await.status != OrderStatus::Pending
                    && second.status != OrderStatus::Pending
            })
            .await;
            setup.proxy.rest();
            drain(what).await;

            let first = setup.shop.order(first.id).await;
            let second = setup.shop.order(second.id).await;
            assert_eq!(first.status, OrderStatus::Accepted, "{what}");
            assert_eq!(second.status, OrderStatus::Rejected, "{what}");
            assert_eq!(second.reason, Some(Reason::Rejection(reason)), "{what}");
            let published = setup.published().await;
            assert_eq!(published.len(), 2, "{what}: {published:?}");
            for order in [first, second] {
                let steps = (order.version, order.history.len());
                assert_eq!(steps, (2, 2), "{what}: one step");
                let told = published
                    .iter()
                    .filter(|message| message.id == update_id(order.id, 2));
                assert_eq!(told.count(), 1, "{what}: the step is told once");
            }
            assert_eq!(setup.shop.count("dead_letters").await, 0, "{what}");
        },
    )
    .await;
    consuming.stop().await;
    fault_counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_product_is_copied_whatever_command_fails() {
    in_shares(SHARES, new_copies).await;
}

async fn new_copies(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let consuming = Consuming::start(&setup.proxied, subscriptions(&setup.proxied));
    let mut number = 1;
    let drain = async |version: u64, what: &str| {
        let product = product(9, "last", 1, 1, version);
        consuming
            .consume(&[ProductsQuantityUpdate { product }])
            .await;
        copied(&setup, 9, version, what).await;
    };
    drain(1, "the start").await;
    let unit = "orders: copying a new product";
    let fault_counts = each_command(&setup.proxy, share, unit, async |what| {
        number += 1;
        let id = u128::from(number) + 100;
        let product = product(id, &format!("new {number}"), 250, 7, 1);
        // Said twice, as a relay that begins again does.
        let created = ProductCreate {
            product: product.clone(),
        };
        consuming.consume(&[created.clone(), created]).await;
        copied(&setup, id, 1, what).await;
        setup.proxy.rest();
        drain(number, what).await;
        assert_eq!(
            copy(&setup, id).await,
            Some(Versioned::of(&ProductCreate { product }).unwrap()),
            "{what}"
        );
    })
    .await;
    assert_eq!(setup.published().await, [], "nothing to publish");
    assert_eq!(setup.shop.count("dead_letters").await, 0);
    consuming.stop().await;
    fault_counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quantity_is_copied_and_never_goes_back_whatever_command_fails() {
    in_shares(SHARES, changed_copies).await;
}

async fn changed_copies(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let consuming = Consuming::start(&setup.proxied, subscriptions(&setup.proxied));
    let mut number = 1;
    let drain = async |version: u64, what: &str| {
        let product = product(9, "last", 1, 1, version);
        consuming
            .consume(&[ProductsQuantityUpdate { product }])
            .await;
        copied(&setup, 9, version, what).await;
    };
    drain(1, "the start").await;
    let cup = |quantity, version| ProductsQuantityUpdate {
        product: product(2, "cup", 599, quantity, version),
    };
    let mut version = 1;
    let unit = "orders: copying a quantity";
    let fault_counts = each_command(&setup.proxy, share, unit, async |what| {
        version += 2;
        number += 1;
        let quantity = u32::try_from(version).unwrap();
        // The older one comes last, and again.
        let updates = [
            cup(quantity, version),
            cup(500, version - 1),
            cup(quantity, version),
        ];
        consuming.consume(&updates).await;
        copied(&setup, 2, version, what).await;
        setup.proxy.rest();
        drain(number, what).await;
        let now = copy(&setup, 2).await.unwrap();
        assert_eq!(
            (now.state.quantity, now.version),
            (quantity, version),
            "{what}"
        );
    })
    .await;
    assert_eq!(setup.published().await, [], "nothing to publish");
    assert_eq!(setup.shop.count("dead_letters").await, 0);
    consuming.stop().await;
    fault_counts
}
