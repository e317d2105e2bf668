//! Bodies on their way in and out.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

use super::activity::InFlight;

/// A body stopped coming before its end.
#[derive(Debug, thiserror::Error)]
#[error("nothing more of the body came within {} s", .0.as_secs_f64())]
pub struct BodyStalled(Duration);

impl BodyStalled {
    /// Whether this is what `error` or one of its causes says.
    pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        std::iter::successors(Some(error), |&error| error.source()).any(<dyn Error>::is::<Self>)
    }
}

/// A request's body, which may pause for so long.
pub(super) fn request(body: Incoming, pause: Duration) -> Body {
    use http_body::Body as _;
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(Request {
        body,
        pause,
        paused: None,
    })
}

struct Request {
    body: Incoming,
    pause: Duration,
    paused: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Request {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.paused = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let pause = this.pause;
        let paused = this
            .paused
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        ready!(paused.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyStalled(pause).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Most bytes that a client of HTTP/2 has to give window for at once.
const PIECE: usize = 16 * 1024;

/// An answer's body; the request is over when this is dropped.
pub(super) struct Answer {
    body: Body,
    /// What is left of a frame that is handed over in pieces.
    rest: Bytes,
    in_flight: InFlight,
}

impl Answer {
    pub(super) fn new(body: Body, in_flight: InFlight) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            in_flight,
        }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        // It is asked for more once what it gave before has found window.
        this.in_flight.holds_no_more();
        if this.rest.is_empty() {
            let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) if this.in_flight.has_window() => this.rest = data,
                Some(Ok(Ok(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.in_flight.holds();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}
