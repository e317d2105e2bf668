//! Customers who do not give up.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::expectations::{Expectations, Promise};
use super::log_in::log_in;
use super::products::{PROBED, added_up, draw};
use crate::{Answer, Client};

/// How long a customer waits for an answer before asking again.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);

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
            let lines = draw(&mut dice);
            let placed = self.order(&lines, 0).await;
            if let Some((key, id)) = placed {
                if dice.random_bool(0.03) {
                    self.repeat(&key, id, &lines).await;
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
    async fn order(&mut self, lines: &[(&'static str, u64)], wait: u32) -> Option<(String, Uuid)> {
        self.placed += 1;
        let key = format!("{}-{}", self.keys, self.placed);
        match self.ask(&key, lines, wait).await {
            Outcome::Acknowledged(id, told) => {
                let promise = Promise {
                    key: key.clone(),
                    lines: added_up(lines),
                    told,
                    cancellation: None,
                };
                self.expectations.promised(id, promise);
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
    async fn repeat(&mut self, key: &str, id: Uuid, lines: &[(&'static str, u64)]) {
        match self.ask(key, lines, 0).await {
            Outcome::Acknowledged(again, told) => {
                if again != id {
                    let text = format!("key {key} gave order {id}, and then order {again}");
                    self.expectations.violation(text);
                }
                let promise = Promise {
                    key: key.to_owned(),
                    lines: added_up(lines),
                    told,
                    cancellation: None,
                };
                self.expectations.promised(again, promise);
            }
            Outcome::Refused => {
                let text = format!("key {key} gave order {id}, and then a refusal");
                self.expectations.violation(text);
            }
            Outcome::Wrong => {}
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

    async fn ask(&mut self, key: &str, lines: &[(&'static str, u64)], wait: u32) -> Outcome {
        let wanted = |(name, quantity): &(&str, u64)| json!({ "name": name, "quantity": quantity });
        let body = json!({ "products": lines.iter().map(wanted).collect::<Vec<_>>() });
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
        let Some((_, id)) = self.order(&[(PROBED, 1)], 5).await else {
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
    use serde_json::Value;

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
