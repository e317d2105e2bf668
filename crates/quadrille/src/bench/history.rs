//! The shop's history: settled orders and products, as the services would have left
//! them in their databases. Their messages are not written: topics do not keep them for ever
//! either.

use events::money::DEFAULT_CURRENCY;
use events::{Money, ProductId, ProductState};
use futures::future::try_join_all;
use outbox::{Clock, Database, SystemClock};
use products::store::CatalogueStore;
use replica::ReplicaStore;

use super::run::progress;
use super::shop::Servers;
use super::worker::{Worker, copy_of};

const WORKERS: u64 = 3;
/// Orders or products in one transaction.
const BATCH: usize = 500;

/// Puts `orders` settled orders and `products` further products into the databases of the shop
/// `name`, which does not run yet.
pub(super) async fn write(
    servers: &Servers,
    name: &str,
    orders: u64,
    products: u64,
) -> anyhow::Result<()> {
    if orders > 0 {
        write_orders(servers, name, orders).await?;
    }
    if products > 0 {
        write_products(servers, name, products).await?;
    }
    Ok(())
}

async fn write_orders(servers: &Servers, name: &str, orders: u64) -> anyhow::Result<()> {
    let (order_db, product_db) = servers.databases(name).await?;
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        workers.push(Worker::open(number, &order_db, &product_db, None, BATCH).await?);
    }
    let bar = progress(orders, "orders of the past");
    let running = workers
        .into_iter()
        .map(|worker| worker.run(orders / WORKERS, bar.clone()));
    try_join_all(running).await?;
    bar.finish_and_clear();
    Ok(())
}

async fn write_products(servers: &Servers, name: &str, count: u64) -> anyhow::Result<()> {
    let (order_db, product_db) = servers.databases(name).await?;
    let clock = SystemClock;
    let bar = progress(count, "products");
    let mut number = 0;
    while number < count {
        let until = count.min(number + BATCH as u64);
        let products: Vec<ProductState> = (number..until)
            .map(|number| ProductState {
                product_id: ProductId::from_bytes(clock.uuid().into_bytes()),
                name: format!("thing {number}"),
                description: "One of many".to_owned(),
                price: Money::new(599, DEFAULT_CURRENCY),
                quantity: 1_000,
                stocked: Some(1_000),
                categories: vec!["benchmarks".to_owned()],
                version: 1,
            })
            .collect();
        let mut tx = product_db.begin().await?;
        for product in &products {
            product_db
                .add_product(&mut tx, product, clock.now())
                .await?;
        }
        product_db.commit(tx).await?;
        let copies: Vec<_> = products.iter().map(copy_of).collect();
        let mut tx = order_db.begin().await?;
        order_db.save(&mut tx, &copies).await?;
        order_db.commit(tx).await?;
        bar.inc(until - number);
        number = until;
    }
    bar.finish_and_clear();
    Ok(())
}
