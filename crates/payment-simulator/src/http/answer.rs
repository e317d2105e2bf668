//! How an answer reaches its caller, or does not.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::stream;
use host::{Answer, Done, IdempotencyKey};
use http::StatusCode;
use outbox::StoreError;
use service::http::Problem;
use tokio::time::Instant;

use super::problems;
use super::simulator::Simulator;
use crate::body::IntentBody;
use crate::commands::{Changed, Tools};
use crate::domain::Behaviour;
use crate::faults::Faults;
use crate::store;

/// How long an answer waits at most for its webhook, and how often it looks.
const WEBHOOK_FIRST: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// The key, which this request has to have.
pub(super) fn required(key: &IdempotencyKey) -> Result<&str, Problem> {
    key.as_str().ok_or_else(problems::no_key)
}

impl Simulator {
    /// What changes are made with, on `database`.
    pub(super) fn tools<'a, D>(
        &self,
        database: &'a D,
        clock: &'a dyn outbox::Clock,
        faults: &'a Faults,
    ) -> Tools<'a, D> {
        Tools {
            database,
            clock,
            faults,
            webhooks: self.webhooks,
        }
    }

    /// Sends the answer of a change that `name` names, as the faults and the card have it. An answer that
    /// was given before comes at once: faults strike the first time only.
    pub(super) async fn answer(
        &self,
        faults: &Faults,
        name: &str,
        card: Behaviour,
        done: Done<Changed>,
    ) -> Response {
        let Done::Now(changed, _) = &done else {
            return done.into_response();
        };
        if !changed.made {
            return done.into_response();
        }
        let name = changed.name(name);
        let strikes = |rate, what| faults.strikes(rate, what, &name);
        if let Some(webhook) = &changed.webhook
            && strikes(faults.webhook_first_rate, "webhook-first")
        {
            self.wait_for(webhook).await;
        }
        if card == Behaviour::PaysSlowly || strikes(faults.slow_rate, "slow") {
            tokio::time::sleep(faults.slow_time).await;
        }
        if card == Behaviour::PaysUnheard || strikes(faults.lost_rate, "lost") {
            return lost();
        }
        done.into_response()
    }

    /// Waits until the receiver has the webhook, for some time at most.
    async fn wait_for(&self, webhook: &str) {
        let (database, until) = (self.context.database(), Instant::now() + WEBHOOK_FIRST);
        while Instant::now() < until {
            let found = store::webhook(&database, webhook).await;
            if found.is_ok_and(|row| row.is_some_and(|row| row.delivered_at.is_some())) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The intent as it is since the change.
pub(super) fn of_intent(status: StatusCode, changed: &Changed) -> Result<Answer, StoreError> {
    Answer::json(status, &IntentBody::from(&changed.intent))
}

/// An answer whose body breaks before anything is sent: the connection closes without a word.
fn lost() -> Response {
    let broken = stream::once(async { Err::<&[u8], _>(io::Error::other("the answer is lost")) });
    Body::from_stream(broken).into_response()
}
