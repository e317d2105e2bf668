//! Who orders while the processes are exchanged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::expectations::Expectations;
use crate::{Client, until};

/// Longer than any exchange takes.
const PATIENCE: Duration = Duration::from_secs(90);
/// How much there is of what runs out, and how much of that one order takes.
const SCARCE: (u64, u64) = (600, 7);

async fn make(admin: &Client, name: &str, quantity: u64) -> anyhow::Result<()> {
    let product = json!({ "product": { "name": name, "description": "For an upgrade",
        "price": 1.25, "quantity": quantity, "categories": ["kitchen"] } });
    let answer = admin.post("/api/products", &product).await?;
    ensure!(answer.status == StatusCode::CREATED, "{answer:?}");
    Ok(())
}

/// Puts what the customers order into the catalogue and waits until it can be ordered.
pub(super) async fn stock_up(client: &Client) -> anyhow::Result<()> {
    let admin = log_in(client, "admin@admin.com").await;
    for (name, quantity) in [("plenty", 10_000_000), ("scarce", SCARCE.0)] {
        make(&admin, name, quantity).await?;
        until(PATIENCE, name, || async {
            // Of the demo's one laptop nobody gets nine, so nothing is ordered by asking.
            let order = admin.order(&[(name, 1), ("laptop", 9)], 0).await;
            order.is_ok_and(|answer| answer.status == StatusCode::CONFLICT)
        })
        .await?;
    }
    Ok(())
}

/// Orders until `stop`, asking again under the same key until there is an answer.
pub(super) async fn order(
    client: Client,
    expectations: Arc<Expectations>,
    customer: u64,
    stop: CancellationToken,
) {
    let mut client = log_in(&client, "aaa@aaa.com").await;
    let mut number = 0_u64;
    while !stop.is_cancelled() {
        number += 1;
        let mut lines = vec![json!({ "name": "plenty", "quantity": 1 + number % 3 })];
        if number.is_multiple_of(4) {
            lines.push(json!({ "name": "scarce", "quantity": SCARCE.1 }));
        }
        let key = format!("upgrade-{customer}-{number}");
        place(
            &mut client,
            &expectations,
            &key,
            &json!({ "products": lines }),
        )
        .await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn place(client: &mut Client, expectations: &Expectations, key: &str, body: &Value) {
    loop {
        let headers = [("idempotency-key", key)];
        let answer = client.send(Method::POST, "/api/orders", Some(body), &headers);
        match answer.await {
            Ok(answer) if answer.status == StatusCode::CREATED => {
                return expectations.promised(answer.text("id"));
            }
            Ok(answer) if answer.text("code") == "insufficient-stock" => {
                return expectations.refused();
            }
            Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => {
                expectations.retried("401");
                *client = log_in(client, "aaa@aaa.com").await;
            }
            Ok(answer) if answer.status.is_server_error() => {
                expectations.retried(answer.status.as_str());
            }
            Ok(answer) => {
                return expectations.violation(format!("{key} was answered with {answer:?}"));
            }
            Err(_) => expectations.retried("no answer"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Makes a product and orders it: each kind of event is said and heard once more. How long it took
/// from the order to its decision.
pub(super) async fn probe(
    client: &Client,
    expectations: &Expectations,
) -> anyhow::Result<Duration> {
    let admin = log_in(client, "admin@admin.com").await;
    let name = format!("new {}", Uuid::now_v7().simple());
    make(&admin, &name, 5).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let begun = Instant::now();
        let answer = admin.order(&[(&name, 1)], 30).await;
        let answer = answer.context("a new product can't be ordered")?;
        match answer.status {
            StatusCode::CREATED => {
                expectations.promised(answer.text("id"));
                let status = answer.text("status");
                ensure!(status == "ACCEPTED", "a new product: {answer:?}");
                return Ok(begun.elapsed());
            }
            // The product's events are still under way.
            StatusCode::NOT_FOUND if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            _ => anyhow::bail!("a new product: {answer:?}"),
        }
    }
}

/// Looks at every order that was promised.
pub(super) async fn ask_after_all(
    client: &Client,
    expectations: &Expectations,
) -> anyhow::Result<()> {
    let admin = log_in(client, "admin@admin.com").await;
    let user = log_in(client, "aaa@aaa.com").await;
    for id in expectations.orders() {
        let path = format!("/api/orders/{id}");
        let mut answer = user.get(&path).await?;
        // The probes' are the admin's, whom nobody else may ask after.
        if answer.status == StatusCode::NOT_FOUND {
            answer = admin.get(&path).await?;
        }
        if !matches!(answer.text("status"), "ACCEPTED" | "REJECTED") {
            expectations.violation(format!("order {id} was promised, and is {answer:?}"));
        }
    }
    Ok(())
}

async fn log_in(client: &Client, email: &str) -> Client {
    loop {
        if let Ok(known) = client.log_in(email, email).await {
            return known;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
