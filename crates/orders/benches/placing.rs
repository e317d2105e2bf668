//! How long it takes to decide whether an order can be placed, and to gather many into a
//! transaction of the database in memory.
//!
//! `cargo bench -p orders --bench placing`
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that can't go on has failed"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use events::money::DEFAULT_CURRENCY;
use events::{AccountId, OrderId, ProductId};
use futures::future::join_all;
use jiff::Timestamp;
use orders::BatchSettings;
use orders::commands::{GroupCommit, PlaceOrder};
use orders::domain::{Basket, Identity, Item, ProductCopy, place};
use orders::store::memory::Tables;
use outbox::memory::MemoryDatabase;
use outbox::{Database, MessageContext, SystemClock};
use replica::Versioned;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn copy(n: u128) -> ProductCopy {
    ProductCopy {
        name: name(n),
        price: 1_999,
        currency: DEFAULT_CURRENCY,
        quantity: 1_000_000_000,
    }
}

fn name(n: u128) -> String {
    format!("a product of number {n}")
}

fn basket(lines: u128) -> Basket {
    Basket::new((0..lines).map(|n| (name(n), 1))).unwrap()
}

fn deciding(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("place");
    let product = |n| (ProductId::from_u128(n), copy(n));
    let catalogue: HashMap<String, _> = (0..100).map(|n| (name(n), product(n))).collect();
    let who = Identity {
        id: OrderId::from_u128(1),
        customer: AccountId::from_u128(2),
        asks: events::Asks::NOTHING,
        now: Timestamp::UNIX_EPOCH,
    };
    for lines in [1_u32, 10, 100] {
        let basket = basket(lines.into());
        group.throughput(Throughput::Elements(lines.into()));
        group.bench_function(BenchmarkId::from_parameter(lines), |bench| {
            let known = |item: &Item| catalogue.get(&item.key).cloned();
            bench.iter(|| place(who, black_box(&basket), known).unwrap());
        });
    }
    group.finish();
}

async fn shop() -> MemoryDatabase<Tables> {
    let database = MemoryDatabase::default();
    let mut tx: outbox::memory::MemoryTx<Tables> = database.begin().await.unwrap();
    let (id, version, state) = (Uuid::nil(), 1, copy(0));
    let kept = Arc::new(Versioned { id, version, state });
    tx.state.copies.insert(id, kept);
    database.commit(tx).await.unwrap();
    database
}

fn request() -> PlaceOrder {
    PlaceOrder {
        id: OrderId::from_bytes(Uuid::now_v7().into_bytes()),
        event_id: Uuid::now_v7(),
        customer: AccountId::from_u128(2),
        basket: basket(1),
        payment: None,
        delivery: None,
        retry: None,
        context: MessageContext::default(),
    }
}

/// From the queue to the answer: what the group commit costs when the database costs nothing.
fn gathering(bench: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = bench.benchmark_group("group commit in memory");
    for count in [1_u32, 64, 256] {
        group.throughput(Throughput::Elements(count.into()));
        group.bench_function(BenchmarkId::from_parameter(count), |bench| {
            bench.iter_batched(
                || {
                    let requests: Vec<PlaceOrder> = (0..count).map(|_| request()).collect();
                    (runtime.block_on(shop()), requests)
                },
                |(database, requests)| runtime.block_on(place_all(database, requests)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

async fn place_all(database: MemoryDatabase<Tables>, requests: Vec<PlaceOrder>) {
    let closing = CancellationToken::new();
    let settings = BatchSettings::default();
    let (order_queue, _writers) =
        GroupCommit::start(database, Arc::new(SystemClock), settings, &closing);
    let placed = join_all(
        requests
            .into_iter()
            .map(|request| order_queue.place(request)),
    )
    .await;
    assert!(placed.iter().all(|placed| matches!(placed, Ok(Ok(_)))));
}

fn main() {
    let mut bench = Criterion::default().configure_from_args();
    deciding(&mut bench);
    gathering(&mut bench);
    bench.final_summary();
}
