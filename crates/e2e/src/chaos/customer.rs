//! Customers who do not give up.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::expectations::{Expectations, Promise};
use super::log_in::log_in;
use super::products::{PROBED, added_up, draw};
use crate::{Answer, Client};

/// How long a customer waits for an answer before asking again.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);

/// What is ordered, and how it is paid for.
#[derive(Debug, Clone)]
struct Wanted {
    lines: Vec<(&'static str, u64)>,
    payment: Option<Value>,
}

impl Wanted {
    fn draw(dice: &mut StdRng) -> Self {
        let lines = draw(dice);
        let payment = dice.random_bool(0.4).then(|| pay(dice));
        Self { lines, payment }
    }

    fn body(&self) -> Value {
        let line = |(name, quantity): &(&str, u64)| json!({ "name": name, "quantity": quantity });
        let lines: Vec<Value> = self.lines.iter().map(line).collect();
        json!({ "products": lines, "payment": self.payment })
    }

    fn promise(&self, key: &str, told: Option<String>) -> Promise {
        Promise {
            key: key.to_owned(),
            lines: added_up(&self.lines),
            told,
            paid_for: self.payment.is_some(),
            cancellation: None,
        }
    }
}

/// Mostly by a good card; else by one that the provider has its trouble with, by a balance that does not last,
/// or later, which half of them forget.
fn pay(dice: &mut StdRng) -> Value {
    const CARDS: [&str; 5] = [
        "tok_ok",
        "tok_declined",
        "tok_slow",
        "tok_unknown",
        "tok_twice",
    ];
    match dice.random_range(0..10) {
        0 => json!({ "method": "later" }),
        1 => json!({ "method": "balance" }),
        2..=5 => json!({ "method": "card", "token": "tok_ok" }),
        _ => json!({ "method": "card", "token": CARDS.choose(dice) }),
    }
}

/// Someone who orders.
#[derive(Debug)]
pub(super) struct Customer {
    client: Client,
    expectations: Arc<Expectations>,
    keys: String,
    placed: u64,
}

/// What became of an order that was asked for.
#[derive(Debug)]
enum Outcome {
    Acknowledged(Uuid, Option<String>),
    Refused,
    /// Something that must not happen; it is noted.
    Wrong,
}

impl Customer {
    /// Logs in, for as long as it takes. `keys` is what this customer's idempotency keys begin
    /// with.
    pub(super) async fn new(
        client: &Client,
        expectations: Arc<Expectations>,
        keys: String,
    ) -> Self {
        Self {
            client: log_in(client, "aaa@aaa.com").await,
            expectations,
            keys,
            placed: 0,
        }
    }

    /// Orders until `stop`, and gets the last one acknowledged too.
    pub(super) async fn shop(mut self, seed: u64, stop: CancellationToken) {
        let mut dice = StdRng::seed_from_u64(seed);
        while !stop.is_cancelled() {
            let wanted = Wanted::draw(&mut dice);
            let placed = self.order(&wanted, 0).await;
            if let Some((key, id)) = placed {
                if dice.random_bool(0.03) {
                    self.repeat(&key, id, &wanted).await;
                }
                if wanted.payment.is_some() && dice.random_bool(0.3) {
                    self.pay_again(id, &pay(&mut dice)).await;
                }
                if dice.random_bool(0.15) {
                    let regret = Duration::from_millis(dice.random_range(0..=400));
                    tokio::time::sleep(regret).await;
                    self.cancel(id).await;
                }
            }
            let pause = Duration::from_millis(dice.random_range(20..=250));
            let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    /// Places one order, however often it has to be asked for; its key and id when it was
    /// acknowledged. Waits up to `wait` seconds for it to settle.
    async fn order(&mut self, wanted: &Wanted, wait: u32) -> Option<(String, Uuid)> {
        self.placed += 1;
        let key = format!("{}-{}", self.keys, self.placed);
        match self.ask(&key, wanted, wait).await {
            Outcome::Acknowledged(id, told) => {
                self.expectations.promised(id, wanted.promise(&key, told));
                Some((key, id))
            }
            Outcome::Refused => {
                self.expectations.refused();
                None
            }
            Outcome::Wrong => None,
        }
    }

    /// Asks for an acknowledged order again under its key: it must be the same one.
    async fn repeat(&mut self, key: &str, id: Uuid, wanted: &Wanted) {
        match self.ask(key, wanted, 0).await {
            Outcome::Acknowledged(again, told) => {
                if again != id {
                    let text = format!("key {key} gave order {id}, and then order {again}");
                    self.expectations.violation(text);
                }
                let promise = wanted.promise(key, told);
                self.expectations.promised(again, promise);
            }
            Outcome::Refused => {
                let text = format!("key {key} gave order {id}, and then a refusal");
                self.expectations.violation(text);
            }
            Outcome::Wrong => {}
        }
    }

    /// Pays for an order once more. Whatever comes of it, it is paid for once: the audit says so.
    async fn pay_again(&mut self, id: Uuid, payment: &Value) {
        let path = format!("/api/orders/{id}/payment");
        let answer = self.client.post(&path, payment).await;
        let Ok(answer) = answer else {
            return self.expectations.retried("no answer");
        };
        let status = answer.status;
        // 404: payments has not heard of the order yet. 422: later is no way to pay now.
        let expected = status.is_success() || matches!(status.as_u16(), 404 | 409 | 422);
        if !expected && !status.is_server_error() {
            let text = format!("paying for order {id} again was answered with {answer:?}");
            self.expectations.violation(text);
        }
    }

    /// Cancels an acknowledged order, however often it has to be asked for.
    async fn cancel(&mut self, id: Uuid) {
        self.expectations.cancelled(id, false);
        let path = format!("/api/orders/{id}/cancel");
        let mut pause = Duration::from_millis(50);
        loop {
            let answer = self.client.send(Method::POST, &path, None, &[]).await;
            let why = match answer {
                Ok(answer) => match (answer.status, answer.text("code")) {
                    (StatusCode::OK, _) => return self.expectations.cancelled(id, true),
                    (StatusCode::CONFLICT, "too-late") => return,
                    (StatusCode::UNAUTHORIZED, _) => {
                        self.client = log_in(&self.client, "aaa@aaa.com").await;
                        answer.status.as_u16().to_string()
                    }
                    (status, _) if status.is_server_error() => status.as_u16().to_string(),
                    _ => {
                        let text = format!("cancelling order {id} was answered with {answer:?}");
                        return self.expectations.violation(text);
                    }
                },
                Err(_) => "no answer".to_owned(),
            };
            self.expectations.retried(&why);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    async fn ask(&mut self, key: &str, wanted: &Wanted, wait: u32) -> Outcome {
        let body = wanted.body();
        let prefer = format!("wait={wait}");
        let headers = [("idempotency-key", key), ("prefer", prefer.as_str())];
        let mut pause = Duration::from_millis(50);
        loop {
            let answer = self
                .client
                .send(Method::POST, "/api/orders", Some(&body), &headers)
                .await;
            let why = match answer {
                Ok(answer) => match judge(&answer) {
                    Verdict::Is(outcome) => return outcome,
                    Verdict::Again => answer.status.as_u16().to_string(),
                    Verdict::LogIn => {
                        self.client = log_in(&self.client, "aaa@aaa.com").await;
                        answer.status.as_u16().to_string()
                    }
                    Verdict::Wrong => {
                        let text = format!("order {key} was answered with {answer:?}");
                        self.expectations.violation(text);
                        return Outcome::Wrong;
                    }
                },
                Err(_) => "no answer".to_owned(),
            };
            self.expectations.retried(&why);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// Places an order and comes back when it is settled.
    pub(super) async fn settle_one(&mut self) {
        let wanted = Wanted {
            lines: vec![(PROBED, 1)],
            payment: None,
        };
        let Some((_, id)) = self.order(&wanted, 5).await else {
            return;
        };
        let mut pause = Duration::from_millis(50);
        loop {
            let order = self.client.get(&format!("/api/orders/{id}")).await;
            if let Ok(order) = order
                && order.status == StatusCode::OK
                && is_final(order.text("status"))
            {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(300));
        }
    }
}

enum Verdict {
    Is(Outcome),
    Again,
    LogIn,
    Wrong,
}

fn judge(answer: &Answer) -> Verdict {
    let id = answer.text("id").parse().ok();
    match (answer.status, id) {
        (StatusCode::CREATED, Some(id)) => {
            let status = answer.text("status");
            let told = is_final(status).then(|| status.to_owned());
            Verdict::Is(Outcome::Acknowledged(id, told))
        }
        (StatusCode::CONFLICT, _) if answer.text("code") == "insufficient-stock" => {
            Verdict::Is(Outcome::Refused)
        }
        (StatusCode::UNAUTHORIZED, _) => Verdict::LogIn,
        (status, _) if status.is_server_error() => Verdict::Again,
        _ => Verdict::Wrong,
    }
}

pub(super) fn is_final(status: &str) -> bool {
    matches!(status, "ACCEPTED" | "REJECTED")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: reqwest::header::HeaderMap::new(),
            body,
        }
    }

    #[test]
    fn only_an_order_with_its_id_is_an_acknowledgement() {
        let id = Uuid::now_v7();
        let good = answer(201, json!({ "id": id, "status": "PENDING" }));
        assert!(
            matches!(judge(&good), Verdict::Is(Outcome::Acknowledged(found, None)) if found == id)
        );
        assert!(matches!(judge(&answer(201, Value::Null)), Verdict::Wrong));
        assert!(matches!(judge(&answer(503, Value::Null)), Verdict::Again));
        assert!(matches!(judge(&answer(404, Value::Null)), Verdict::Wrong));
        let other = answer(409, json!({ "code": "idempotency-key-reused" }));
        assert!(matches!(judge(&other), Verdict::Wrong));
    }
}
