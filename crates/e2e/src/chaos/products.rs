//! The products of a run, who restocks them, and what customers put into their baskets.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::expectations::{Expectations, Lines};
use super::log_in::log_in;
use crate::Client;

const PLENTY: u64 = 100_000_000;
/// What the recovery probes order, which nobody else does.
pub(super) const PROBED: &str = "probe";
const HOT: &str = "hot";
const SCARCE: [&str; 3] = ["scarce-1", "scarce-2", "scarce-3"];
const PLAIN: [&str; 6] = [
    "plain-1", "plain-2", "plain-3", "plain-4", "plain-5", "plain-6",
];
const FIRST_OF_SCARCE: u64 = 40;
/// What one of any product costs, in minor units.
pub(super) const PRICE_MINOR: i64 = 125;

/// A product of the run.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) id: String,
}

/// Puts the run's products into the catalogue and waits until they can be ordered.
pub(super) async fn stock_up(
    client: &Client,
    expectations: &Expectations,
) -> anyhow::Result<Vec<Product>> {
    let admin = client.log_in("admin@admin.com", "admin@admin.com").await?;
    let mut products = Vec::new();
    let plenty = [PROBED, HOT].into_iter().chain(PLAIN);
    let all = plenty
        .map(|name| (name, PLENTY))
        .chain(SCARCE.map(|name| (name, FIRST_OF_SCARCE)));
    for (name, quantity) in all {
        let product = json!({ "product": { "name": name, "description": "For chaos",
            "price": 1.25, "quantity": quantity, "categories": ["kitchen"] } });
        let answer = admin.post("/api/products", &product).await?;
        anyhow::ensure!(answer.status == StatusCode::CREATED, "{answer:?}");
        expectations.stocked(name, |stocked| stocked.surely = quantity);
        products.push(Product {
            name,
            id: answer.text("id").to_owned(),
        });
    }
    for product in &products {
        let what = format!("{} can be ordered", product.name);
        crate::until(Duration::from_secs(60), &what, || async {
            // Of the demo's one laptop nobody gets nine, so nothing is ordered by asking.
            let order = admin.order(&[(product.name, 1), ("laptop", 9)], 0).await;
            order.is_ok_and(|answer| answer.status == StatusCode::CONFLICT)
        })
        .await?;
    }
    Ok(products)
}

/// Raises the stock of what is scarce, a little at a time, until `stop`. A raise that is not
/// answered is not repeated: nobody knows whether it happened.
pub(super) async fn restock(
    client: Client,
    expectations: Arc<Expectations>,
    products: Vec<Product>,
    seed: u64,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut admin = log_in(&client, "admin@admin.com").await;
    let scarce: Vec<Product> = products
        .into_iter()
        .filter(|product| SCARCE.contains(&product.name))
        .collect();
    while !stop.is_cancelled() {
        let product = scarce.choose(&mut dice).context("nothing is scarce")?;
        let more: u64 = dice.random_range(3..=30);
        expectations.stocked(product.name, |stocked| stocked.perhaps += more);
        let path = format!("/api/products/{}/stock", product.id);
        match admin.post(&path, &json!({ "quantity": more })).await {
            Ok(answer) if answer.status == StatusCode::OK => {
                expectations.stocked(product.name, |stocked| {
                    stocked.surely += more;
                    stocked.perhaps -= more;
                });
            }
            Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => {
                admin = log_in(&client, "admin@admin.com").await;
            }
            Ok(answer) if answer.status.is_server_error() => {}
            Ok(answer) => expectations.violation(format!("a restock was answered with {answer:?}")),
            Err(_) => {}
        }
        let pause = Duration::from_millis(dice.random_range(300..=2_000));
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    Ok(())
}

/// A draw of what to order: up to four lines, often of what is hot or scarce, sometimes of one
/// product twice.
pub(super) fn draw(dice: &mut StdRng) -> Vec<(&'static str, u64)> {
    let mut lines = Vec::new();
    if dice.random_bool(0.5) {
        lines.push((HOT, dice.random_range(1..=3)));
    }
    if dice.random_bool(0.35) {
        lines.push((
            *SCARCE.choose(dice).unwrap_or(&HOT),
            dice.random_range(1..=3),
        ));
    }
    for _ in 0..dice.random_range(0..=2) {
        lines.push((
            *PLAIN.choose(dice).unwrap_or(&HOT),
            dice.random_range(1..=4),
        ));
    }
    match lines.first() {
        None => lines.push((HOT, 1)),
        Some(first) if dice.random_bool(0.1) => lines.push(*first),
        Some(_) => {}
    }
    lines
}

/// The sum by product.
pub(super) fn added_up(lines: &[(&'static str, u64)]) -> Lines {
    let mut sum = Lines::new();
    for (name, quantity) in lines {
        *sum.entry((*name).to_owned()).or_default() += quantity;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_drawn_from_the_seed_and_never_empty() {
        let draws = |seed| {
            let mut dice = StdRng::seed_from_u64(seed);
            (0..200).map(|_| draw(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(draws(3), draws(3));
        assert!(draws(3).iter().all(|lines| !lines.is_empty()));
        assert!(
            draws(3)
                .iter()
                .any(|lines| added_up(lines).len() < lines.len())
        );
    }
}
