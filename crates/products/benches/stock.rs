//! How long the stock engine takes to decide, without any database.
//!
//! `cargo bench -p products --bench stock`
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that can't go on has failed"
)]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use events::{OrderId, ProductId};
use products::domain::{Demand, Stock, Wanted, decide};

const PLENTY: u32 = 1_000_000_000;

/// How many products the orders are spread over, and how many of them each has.
struct Demands {
    name: &'static str,
    products: u128,
    lines: u128,
    held: u32,
}

const DEMANDS: [Demands; 4] = [
    Demands {
        name: "hot",
        products: 1,
        lines: 1,
        held: PLENTY,
    },
    Demands {
        name: "sold out",
        products: 1,
        lines: 1,
        held: 0,
    },
    Demands {
        name: "many products",
        products: 10_000,
        lines: 1,
        held: PLENTY,
    },
    Demands {
        name: "five lines",
        products: 10_000,
        lines: 5,
        held: PLENTY,
    },
];

impl Demands {
    fn orders(&self, count: u128) -> Vec<Wanted> {
        let order = |n: u128| Wanted {
            order_id: OrderId::from_u128(n),
            lines: (0..self.lines)
                .map(|line| Demand {
                    // A large prime apart, so that neighbours have nothing in common.
                    product_id: ProductId::from_u128((n * 7_919 + line) % self.products),
                    quantity: 1,
                })
                .collect(),
        };
        (0..count).map(order).collect()
    }

    /// What is read for `orders`: their products and no others.
    fn stock(&self, orders: &[Wanted]) -> BTreeMap<ProductId, Stock> {
        let lines = orders.iter().flat_map(|order| &order.lines);
        let stock = Stock {
            quantity: self.held,
            version: 1,
        };
        lines.map(|line| (line.product_id, stock)).collect()
    }
}

fn deciding(bench: &mut Criterion) {
    for demands in &DEMANDS {
        let mut group = bench.benchmark_group(format!("decide/{}", demands.name));
        for count in [1_u32, 64, 250] {
            let orders = demands.orders(count.into());
            let stock = demands.stock(&orders);
            group.throughput(Throughput::Elements(count.into()));
            group.bench_function(BenchmarkId::from_parameter(count), |bench| {
                bench.iter(|| decide(black_box(&orders), black_box(&stock)));
            });
        }
        group.finish();
    }
}

fn main() {
    let mut bench = Criterion::default().configure_from_args();
    deciding(&mut bench);
    bench.final_summary();
}
