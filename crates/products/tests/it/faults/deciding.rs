//! `OnOrderCreate` through the real inbox.

use std::collections::BTreeMap;

use events::{OrderCreate, OrderId, OrderStatus, OrderStatusUpdate, ProductsQuantityUpdate};
use outbox::mongo::MongoDatabase;
use outbox::{InboxStore, Subscriptions};
use products::handlers::OnOrderCreate;
use products::store::StockStore;
use testkit::faults::{FaultCounts, Share, each_command, in_shares};
use testkit::{Consuming, eventually};

use super::{SHARES, Setup, events};
use crate::fixture::order;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_decided_once_whatever_command_fails() {
    in_shares(SHARES, |share| decisions(share, |db| db)).await;
}

/// Through `adapter` to the database.
pub(crate) async fn decisions<D: StockStore + InboxStore>(
    share: Share,
    adapter: impl Fn(MongoDatabase) -> D,
) -> FaultCounts {
    let setup = Setup::new().await;
    let proxied = adapter(setup.proxied.clone());
    let handler = OnOrderCreate::new(proxied.clone(), setup.shop.clock.clone());
    let subscriptions = Subscriptions::new("products").on(handler);
    let consuming = Consuming::start(&proxied, subscriptions);
    let tea = setup.shop.product("tea", 1_000_000).await.product_id;
    let drain = async |what: &str| {
        // It works through one thing after another: once this is decided, all before it is over.
        let last = order(&[(tea, 1)]).event;
        consuming.consume(std::slice::from_ref(&last)).await;
        decided(&setup, &[last.order_id], what).await;
    };
    drain("the start").await;
    let mut number = 0;
    let unit = "products: deciding on orders";
    let fault_counts = each_command(&setup.proxy, share, unit, async |what| {
        number += 1;
        setup.proxy.rest();
        let cup = setup.shop.product(&format!("cup {number}"), 3).await;
        let (cup, tea_before) = (cup.product_id, setup.shop.state(tea).await);
        setup.published().await;
        setup.proxy.go_on();
        // The first and the third get the three cups; the second comes too late for two.
        let wanted = [
            order(&[(cup, 2)]).event,
            order(&[(cup, 2)]).event,
            order(&[(cup, 1), (tea, 5)]).event,
        ];
        consuming.consume(&wanted).await;
        let ids = wanted.each_ref().map(|order: &OrderCreate| order.order_id);
        let kept = decided(&setup, &ids, what).await;
        setup.proxy.rest();
        drain(what).await;

        let statuses = ids.map(|id| kept[&id].0.clone());
        assert_eq!(statuses, ["ACCEPTED", "REJECTED", "ACCEPTED"], "{what}");
        let (cup, tea_now) = (setup.shop.state(cup).await, setup.shop.state(tea).await);
        assert_eq!(cup.quantity, 0, "{what}");
        assert_eq!(tea_now.quantity, tea_before.quantity - 5 - 1, "{what}");

        let published = setup.published().await;
        let updates: Vec<OrderStatusUpdate> = events(&published);
        for (id, (status, event_id)) in &kept {
            let told: Vec<_> = published
                .iter()
                .filter(|message| message.key == id.to_string())
                .collect();
            assert_eq!(told.len(), 1, "{what}: {id} is published once");
            assert_eq!(told[0].id, *event_id, "{what}: under its decision's id");
            let update = updates.iter().find(|update| update.order_id == *id);
            assert_eq!(
                update.map(|u| u.status.name()),
                Some(status.as_str()),
                "{what}"
            );
        }
        assert_eq!(updates.len(), 3 + 1, "{what}");
        let accepted = |update: &&OrderStatusUpdate| update.status == OrderStatus::Accepted;
        assert_eq!(updates.iter().filter(accepted).count(), 2 + 1, "{what}");
        let changes: Vec<ProductsQuantityUpdate> = events(&published);
        for now in [&cup, &tea_now] {
            let of_it = changes.iter().map(|change| &change.product);
            let of_it: Vec<_> = of_it.filter(|p| p.product_id == now.product_id).collect();
            assert_eq!(of_it.last(), Some(&now), "{what}: the last word is true");
            let mut versions: Vec<u64> = of_it.iter().map(|product| product.version).collect();
            versions.dedup();
            assert_eq!(versions.len(), of_it.len(), "{what}: each version once");
        }
    })
    .await;
    consuming.stop().await;
    fault_counts
}

/// Waits until all of `orders` are decided: status and event's id.
async fn decided(
    setup: &Setup,
    orders: &[OrderId],
    what: &str,
) -> BTreeMap<OrderId, (String, uuid::Uuid)> {
    eventually(&format!("{what}: decided"), async || {
        look(setup, orders).await.len() == orders.len()
    })
    .await;
    look(setup, orders).await
}

async fn look(setup: &Setup, orders: &[OrderId]) -> BTreeMap<OrderId, (String, uuid::Uuid)> {
    use futures::TryStreamExt as _;
    let ids: Vec<bson::Uuid> = orders
        .iter()
        .map(|id| bson::Uuid::from_bytes(id.into_bytes()))
        .collect();
    let database = setup.shop.database.database();
    let all = database.collection::<bson::Document>("reservations");
    let found = all.find(bson::doc! { "_id": { "$in": ids } }).await;
    let found: Vec<bson::Document> = found.unwrap().try_collect().await.unwrap();
    let uuid = |document: &bson::Document, field: &str| match document.get(field) {
        Some(bson::Bson::Binary(binary)) => binary.to_uuid().unwrap().bytes(),
        other => panic!("{field} is {other:?}"),
    };
    found
        .iter()
        .map(|kept| {
            let status = kept.get_str("status").unwrap().to_owned();
            let event_id = uuid::Uuid::from_bytes(uuid(kept, "event_id"));
            (OrderId::from_bytes(uuid(kept, "_id")), (status, event_id))
        })
        .collect()
}
