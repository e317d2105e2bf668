//! What happens to the system from outside, at times that the seed draws.

use std::sync::Arc;
use std::time::Duration;

use events::topics;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::fault::Fault;
use crate::name::{Name, Service};
use crate::shop::{READS, Shop};

/// How long a process that ended is away at most.
const AWAY: Duration = Duration::from_millis(2_500);

/// Runs the fault schedule on `shop` to its end; then everything runs again.
pub(crate) async fn pass(shop: &Arc<Shop>, crashes: &mut mpsc::UnboundedReceiver<Name>) {
    let storm = shop.world.plan.storm;
    let mut under_way = JoinSet::new();
    for _ in 0..shop.world.plan.events {
        let at = shop.world.chance.time(storm);
        let shop = Arc::clone(shop);
        under_way.spawn(async move {
            tokio::time::sleep(at).await;
            event(&shop).await;
        });
    }
    let over = tokio::time::sleep(storm);
    let mut over = std::pin::pin!(over);
    loop {
        let crashed = tokio::select! {
            biased;
            crashed = crashes.recv() => crashed,
            () = &mut over => break,
        };
        let Some(name) = crashed else { break };
        let shop = Arc::clone(shop);
        under_way.spawn(async move {
            if shop.kill(name).await {
                back(&shop, name).await;
            }
        });
    }
    if shop.world.plan.copy > 0 {
        // The last word is an old one.
        (0..4).for_each(|_| republish(shop));
    }
    shop.world.calm_down();
    // Those that crashed at the last moment.
    while let Ok(name) = crashes.try_recv() {
        shop.kill(name).await;
    }
    while under_way.join_next().await.is_some() {}
    shop.start_all();
}

async fn back(shop: &Shop, name: Name) {
    tokio::time::sleep(shop.world.chance.time(AWAY)).await;
    shop.start(name);
}

/// A relay that had stood still since it read its outbox publishes what it read.
fn republish(shop: &Shop) {
    let world = &shop.world;
    let published = [topics::ORDERS, topics::ORDER_STATUS, topics::PRODUCTS];
    let topic = published[world.chance.place(published.len())];
    let records = shop.servers.broker.records(topic);
    if records.is_empty() {
        return;
    }
    let record = &records[world.chance.place(records.len())];
    world.count(Fault::Copy);
    world.tell(|| format!("{} at {} is published again", record.at, record.offset));
    let (key, headers) = (record.key.as_deref(), record.headers.clone());
    let payload = record.payload.clone();
    shop.servers.broker.append(topic, key, headers, payload);
}

async fn event(shop: &Shop) {
    let world = &shop.world;
    let names = shop.names();
    let name = names[world.chance.place(names.len())];
    match world.chance.place(5) {
        0 => {
            if shop.kill(name).await {
                world.count(Fault::Kill);
                back(shop, name).await;
            }
        }
        1 => {
            if shop.stop(name).await {
                back(shop, name).await;
            }
        }
        2 => republish(shop),
        3 => {
            world.count(Fault::Rebalance);
            world.tell(|| format!("the partitions of {} are shared anew", name.service.name()));
            shop.servers.broker.rebalance(name.service.name());
        }
        _ => {
            // The tally is not meant to be replayed: it counts.
            let replayed: Vec<_> = READS
                .iter()
                .filter(|(service, _)| *service != Service::Tally)
                .collect();
            let (service, topic) = replayed[world.chance.place(replayed.len())];
            shop.replay(*service, topic).await;
        }
    }
}
