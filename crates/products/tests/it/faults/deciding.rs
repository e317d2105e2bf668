//! `OnOrderCreate` through the real inbox.

use std::collections::BTreeMap;

use events::{OrderCreate, OrderId, OrderStatus, OrderStatusUpdate, ProductsQuantityUpdate};
use outbox::mongo::MongoDatabase;
use outbox::{InboxStore, Subscriptions};
use products::handlers::OnOrderCreate;
use products::store::StockStore;
use testkit::faults::{Lane, Tally, each_command, in_lanes};
use testkit::{Hearing, eventually};

use super::{Ground, LANES, events};
use crate::fixture::order;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_decided_once_whatever_command_fails() {
    in_lanes(LANES, |lane| decisions(lane, |db| db)).await;
}

/// Through `adapter` to the database.
pub(crate) async fn decisions<D: StockStore + InboxStore>(
    lane: Lane,
    adapter: impl Fn(MongoDatabase) -> D,
) -> Tally {
    let ground = Ground::new().await;
    let tapped = adapter(ground.tapped.clone());
    let handler = OnOrderCreate::new(tapped.clone(), ground.shop.clock.clone());
    let subscriptions = Subscriptions::new("products").on(handler);
    let hearing = Hearing::start(&tapped, subscriptions);
    let tea = ground.shop.product("tea", 1_000_000).await.product_id;
    let drain = async |what: &str| {
        // It works through one thing after another: once this is decided, all before it is over.
        let last = order(&[(tea, 1)]).event;
        hearing.hear(std::slice::from_ref(&last)).await;
        decided(&ground, &[last.order_id], what).await;
    };
    drain("the start").await;
    let mut number = 0;
    let unit = "products: deciding on orders";
    let tally = each_command(&ground.tap, lane, unit, async |what| {
        number += 1;
        ground.tap.rest();
        let cup = ground.shop.product(&format!("cup {number}"), 3).await;
        let (cup, tea_before) = (cup.product_id, ground.shop.state(tea).await);
        ground.said().await;
        ground.tap.go_on();
        // The first and the third get the three cups; the second comes too late for two.
        let wanted = [
            order(&[(cup, 2)]).event,
            order(&[(cup, 2)]).event,
            order(&[(cup, 1), (tea, 5)]).event,
        ];
        hearing.hear(&wanted).await;
        let ids = wanted.each_ref().map(|order: &OrderCreate| order.order_id);
        let kept = decided(&ground, &ids, what).await;
        ground.tap.rest();
        drain(what).await;

        let statuses = ids.map(|id| kept[&id].0.clone());
        assert_eq!(statuses, ["ACCEPTED", "REJECTED", "ACCEPTED"], "{what}");
        let (cup, tea_now) = (ground.shop.state(cup).await, ground.shop.state(tea).await);
        assert_eq!(cup.quantity, 0, "{what}");
        assert_eq!(tea_now.quantity, tea_before.quantity - 5 - 1, "{what}");

        let said = ground.said().await;
        let updates: Vec<OrderStatusUpdate> = events(&said);
        for (id, (status, event_id)) in &kept {
            let told: Vec<_> = said
                .iter()
                .filter(|message| message.key == id.to_string())
                .collect();
            assert_eq!(told.len(), 1, "{what}: {id} is said once");
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
        let changes: Vec<ProductsQuantityUpdate> = events(&said);
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
    hearing.stop().await;
    tally
}

/// Waits until all of `orders` are decided: status and event's id.
async fn decided(
    ground: &Ground,
    orders: &[OrderId],
    what: &str,
) -> BTreeMap<OrderId, (String, uuid::Uuid)> {
    eventually(&format!("{what}: decided"), async || {
        look(ground, orders).await.len() == orders.len()
    })
    .await;
    look(ground, orders).await
}

async fn look(ground: &Ground, orders: &[OrderId]) -> BTreeMap<OrderId, (String, uuid::Uuid)> {
    use futures::TryStreamExt as _;
    let ids: Vec<bson::Uuid> = orders
        .iter()
        .map(|id| bson::Uuid::from_bytes(id.into_bytes()))
        .collect();
    let database = ground.shop.database.database();
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
