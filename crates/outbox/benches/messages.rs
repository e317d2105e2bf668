//! How long an event takes to be written and read, a round to be put in order, and pacing to be
//! worked out; without any server.
//!
//! `cargo bench -p outbox --bench messages`
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that can't go on has failed"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
// `order.rs` names what it needs from its crate's root, which here is this file.
use ::outbox::{
    Clock as _, Event, EventCollector, MessageContext, Record, SystemClock, TopicPartition,
    cloudevents, handler, message, outbox,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

// Neither is for other crates to call, and for a benchmark alone neither should be.
#[allow(dead_code, unused_imports, reason = "their tests are not run here")]
#[path = "../src/relay/order.rs"]
mod order;
#[allow(dead_code, unused_imports, reason = "their tests are not run here")]
#[path = "../src/pacing.rs"]
mod pacing;

/// An event of the size that a shop's have.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Placed {
    order_id: Uuid,
    customer_id: Uuid,
    lines: Vec<Line>,
    version: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    product_id: Uuid,
    name: String,
    quantity: u32,
    minor: i64,
}

impl Event for Placed {
    const TYPE: &'static str = "Placed";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = "placed";

    fn key(&self) -> String {
        self.order_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

fn placed(order: u128, version: u64, lines: u128) -> Placed {
    let line = |n: u128| Line {
        product_id: Uuid::from_u128(n),
        name: format!("a product of number {n}"),
        quantity: 3,
        minor: 1_999,
    };
    Placed {
        order_id: Uuid::from_u128(order),
        customer_id: Uuid::from_u128(7),
        lines: (0..lines).map(line).collect(),
        version,
    }
}

fn context() -> MessageContext {
    MessageContext {
        correlation_id: Some(Uuid::from_u128(1).to_string()),
        causation_id: Some(Uuid::from_u128(2).to_string()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    }
}

fn encode(event: &Placed) -> message::Message {
    let (id, time) = (Uuid::from_u128(3), Timestamp::UNIX_EPOCH);
    message::Message::new(id, "orders", time, context(), event).unwrap()
}

fn codec(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("codec");
    for lines in [1_u32, 10] {
        let event = placed(9, 1, lines.into());
        let written = encode(&event);
        let size = written.payload.len();
        group.throughput(Throughput::Bytes(size.try_into().unwrap()));
        group.bench_function(BenchmarkId::new("encode", lines), |bench| {
            bench.iter(|| encode(black_box(&event)));
        });
        group.bench_function(BenchmarkId::new("headers", lines), |bench| {
            bench.iter(|| cloudevents::headers(black_box(&written)));
        });
        let headers = cloudevents::headers(&written).into_iter();
        let record = Record {
            at: TopicPartition::new("placed", 0),
            offset: 1,
            timestamp: None,
            key: Some(written.key.clone()),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.into_bytes()))
                .collect(),
            payload: written.payload.clone(),
        };
        group.bench_function(BenchmarkId::new("decode", lines), |bench| {
            bench.iter(|| handler::decode::<Placed>(black_box(&record)).unwrap());
        });
    }
    group.finish();
}

/// Records of 128 messages each, as a relay finds them; of `keys` different keys.
fn records(count: u128, keys: u128) -> Vec<outbox::OutboxRecord> {
    let clock = SystemClock;
    let record = |n: u128| {
        let mut out = EventCollector::new("orders", &clock);
        for place in n * 128..(n + 1) * 128 {
            let version = u64::try_from(place).unwrap();
            out.push(&placed(place % keys, version, 1), context())
                .unwrap();
        }
        outbox::OutboxRecord {
            id: clock.uuid(),
            written_at: out.now(),
            messages: out.messages().to_vec(),
        }
    };
    (0..count).map(record).collect()
}

fn rounds(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("relay in_order");
    for (name, keys) in [("a key each", u128::MAX), ("four keys", 4)] {
        for count in [1_u32, 16] {
            let records = records(count.into(), keys);
            group.throughput(Throughput::Elements(u64::from(count) * 128));
            group.bench_function(BenchmarkId::new(name, count * 128), |bench| {
                bench.iter_batched(|| records.clone(), order::in_order, BatchSize::LargeInput);
            });
        }
    }
    group.finish();
}

fn pace(bench: &mut Criterion) {
    bench.bench_function("pacing", |bench| {
        bench.iter(|| pacing::rest(black_box(Duration::from_millis(4)), black_box(64)));
    });
}

fn main() {
    let mut bench = Criterion::default().configure_from_args();
    codec(&mut bench);
    rounds(&mut bench);
    pace(&mut bench);
    bench.final_summary();
}
