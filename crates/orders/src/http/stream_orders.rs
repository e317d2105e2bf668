//! `GET /api/orders/stream`

use std::convert::Infallible;
use std::time::Duration;

use async_stream::stream;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use events::{AccountId, OrderId};
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use service::http::{Problem, ProblemBody};
use service::token::Caller;
use tokio::time::{Instant, timeout, timeout_at};

use super::api::{Api, PATIENCE};
use super::body::OrderBody;
use super::problems;
use crate::domain::Order;
use crate::live::{Listener, OrderChange};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How often a comment is sent on a silent stream, so that no proxy takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a stream lasts: as long as an access token, so that none outlives its token by much.
const LONGEST: Duration = Duration::from_mins(15);
/// How soon a client comes back.
const COME_BACK: Duration = Duration::from_secs(1);
/// A change becomes visible when its transaction is committed, up to this long after the time that
/// it carries: MongoDB ends transactions after 60 s. Whoever resumes gets this much again.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// How many missed changes are read at a time.
const MISSED_PAGE: i64 = 200;

/// Follows the caller's orders.
///
/// A stream of server-sent events named `order`: each time one of the caller's orders changes, the
/// whole order with its history. After a reconnect with `Last-Event-ID` what was missed comes
/// first. An event may come twice.
#[utoipa::path(
    get, path = "/api/orders/stream", tag = "orders", security(("bearer" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen")),
    responses(
        (status = 200, description = "The stream; `data` is an order", body = inline(OrderBody), content_type = "text/event-stream"),
        (status = 400, description = "`invalid-last-event-id`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn stream_orders(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let customer = AccountId::from_bytes(caller.account_id.into_bytes());
    let last = headers.get(LAST_EVENT_ID).map(read_event_id).transpose()?;
    let listener = api.hub.listen(customer);
    if !timeout(PATIENCE, listener.opened()).await.unwrap_or(false) {
        return Err(problems::no_live_updates());
    }
    let events = changes(api, customer, listener, last);
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    // nginx and its like hold answers back to fill a buffer, unless told not to.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response
        .headers_mut()
        .insert(unbuffered, HeaderValue::from_static("no"));
    Ok(response)
}

fn changes(
    api: Api,
    customer: AccountId,
    mut listener: Listener,
    last: Option<Timestamp>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let end = Instant::now() + LONGEST;
    stream! {
        yield Ok(Event::default().retry(COME_BACK).comment("following your orders"));
        if let Some(last) = last {
            let since = last.checked_sub(OVERLAP).unwrap_or(Timestamp::MIN);
            let mut after = None;
            loop {
                let missed = api.orders.changed_since(customer, since, after, MISSED_PAGE);
                // Ended without an answer, the client comes back with the same event id.
                let Ok(Ok(missed)) = timeout(PATIENCE, missed).await else { return };
                let Some((at, order)) = missed.last() else { break };
                after = Some((*at, order.id));
                let events: Vec<_> =
                    missed.iter().filter_map(|(at, order)| event(*at, order)).collect();
                for event in events {
                    yield Ok(event);
                }
            }
        }
        while let Ok(Some(OrderChange { at, order })) = timeout_at(end, listener.next()).await {
            if let Some(event) = event(at, &order) {
                yield Ok(event);
            }
        }
    }
}

fn event(at: Timestamp, order: &Order) -> Option<Event> {
    Event::default()
        .event("order")
        .id(event_id(at, order.id))
        .json_data(OrderBody::in_full(order))
        .inspect_err(
            |error| tracing::error!(%error, order_id = %order.id, "an order can't be shown"),
        )
        .ok()
}

fn event_id(at: Timestamp, order: OrderId) -> String {
    format!("{}.{order}", at.as_millisecond())
}

fn read_event_id(id: &HeaderValue) -> Result<Timestamp, Problem> {
    let read = || {
        let (millis, order) = id.to_str().ok()?.split_once('.')?;
        let _order: OrderId = order.parse().ok()?;
        Timestamp::from_millisecond(millis.parse().ok()?).ok()
    };
    read().ok_or_else(|| {
        let title = "The last event's id is not one of ours";
        Problem::new(StatusCode::BAD_REQUEST, "invalid-last-event-id", title).detail(
            "send Last-Event-ID as the stream gave it, or omit it to receive new changes only",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_says_when() {
        let at = Timestamp::from_millisecond(1_763_729_000_123).unwrap();
        let id = HeaderValue::try_from(event_id(at, OrderId::from_u128(5))).unwrap();
        assert_eq!(read_event_id(&id).unwrap(), at);
    }

    #[test]
    fn a_foreign_event_id_is_refused() {
        for wrong in [
            "",
            "5",
            "5.",
            "x.y",
            "5.not-an-order",
            "99999999999999999999.x",
        ] {
            let problem = read_event_id(&HeaderValue::from_static(wrong)).unwrap_err();
            assert_eq!(problem.code(), "invalid-last-event-id");
        }
    }
}
