//! `OnOrderUpdate` through the real inbox.

use events::{OrderCreate, OrderUpdate, ProductsQuantityUpdate};
use outbox::Subscriptions;
use products::handlers::{OnOrderCreate, OnOrderUpdate};
use testkit::faults::{FaultCounts, Share, each_command, in_shares};
use testkit::{Consuming, eventually};

use super::{SHARES, Setup, events};
use crate::fixture::order;
use crate::on_order_update::cancelled;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_given_back_once_whatever_command_fails() {
    in_shares(SHARES, releases).await;
}

async fn releases(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let proxied = setup.proxied.clone();
    let deciding = OnOrderCreate::new(proxied.clone(), setup.shop.clock.clone());
    let subscriptions = Subscriptions::new("products")
        .on::<OrderCreate, _>(deciding)
        .on::<OrderUpdate, _>(OnOrderUpdate::new(proxied.clone()));
    let consuming = Consuming::start(&proxied, subscriptions);
    let mut number = 0;
    let unit = "products: giving back what cancelled orders had";
    let fault_counts = each_command(&setup.proxy, share, unit, async |what| {
        number += 1;
        setup.proxy.rest();
        let cup = setup
            .shop
            .product(&format!("cup {number}"), 3)
            .await
            .product_id;
        let quantity = async || setup.shop.state(cup).await.quantity;
        let placed = [order(&[(cup, 2)]), order(&[(cup, 1)])];
        let wanted = placed.each_ref().map(|order| order.event.clone());
        consuming.consume(&wanted).await;
        eventually(&format!("{what}: decided"), async || quantity().await == 0).await;
        setup.published().await;
        setup.proxy.go_on();

        let updates = placed.each_ref().map(|order| cancelled(order).event);
        consuming.consume(&updates).await;
        eventually(&format!("{what}: given back"), async || {
            quantity().await >= 3
        })
        .await;
        setup.proxy.rest();
        // It works through one thing after another: once this is decided, all before it is over.
        let last = order(&[(cup, 1)]).event;
        consuming.consume(std::slice::from_ref(&last)).await;
        eventually(&format!("{what}: drained"), async || quantity().await < 3).await;

        assert_eq!(quantity().await, 2, "{what}: given back once");
        let published: Vec<ProductsQuantityUpdate> = events(&setup.published().await);
        let versions: Vec<u64> = published
            .iter()
            .map(|update| update.product.version)
            .collect();
        let first = versions[0];
        let expected: Vec<u64> = (first..).take(versions.len()).collect();
        assert_eq!(versions, expected, "{what}: each version once");
    })
    .await;
    consuming.stop().await;
    fault_counts
}
