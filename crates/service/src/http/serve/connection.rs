//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::activity::Activity;
use super::body::{self, Answer};
use super::guard::Guard;
use super::places::Place;
use super::tls::Tls;
use crate::config::ConnectionSettings;

/// Most requests at once over one connection of HTTP/2.
const STREAMS: u32 = 100;
/// Most bytes of one answer that HTTP/2 holds for a client who is slow to take them.
const SEND_BUFFER: usize = 64 * 1024;

/// The request came over TLS that ends here.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

/// What all connections of a listener have in common.
pub(super) struct Connections {
    pub(super) router: Router,
    pub(super) tls: Option<Arc<Tls>>,
    builder: auto::Builder<TokioExecutor>,
    stall_timeout: Duration,
}

impl Connections {
    pub(super) fn new(
        router: Router,
        settings: &ConnectionSettings,
        tls: Option<Arc<Tls>>,
    ) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let head = usize::try_from(settings.max_head_bytes).unwrap_or(usize::MAX);
        // Who waits for a head is `Guard`, which tells it from a connection that is kept.
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_buf_size(head);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(settings.max_head_bytes);
        Self {
            router,
            tls,
            builder,
            stall_timeout: settings.stall_timeout,
        }
    }

    /// Answers the requests of one connection, until it ends, has to give way, or has nothing in flight after
    /// `soft`.
    pub(super) async fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        activity: Arc<Activity>,
        place: Place,
        soft: &CancellationToken,
    ) {
        // Answers are small and whole; waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY is not set");
        }
        let stream = Guard::new(stream, Arc::clone(&activity), self.stall_timeout);
        let served = async {
            match &self.tls {
                None => self.answer(stream, peer, activity, soft).await,
                Some(tls) => match tls.acceptor().accept(stream).await {
                    Ok(stream) => self.answer(stream, peer, activity, soft).await,
                    Err(error) => tracing::debug!(%peer, %error, "no TLS connection was made"),
                },
            }
        };
        tokio::select! {
            () = served => {}
            () = place.give_way.cancelled() => {}
        }
    }

    async fn answer(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        peer: SocketAddr,
        activity: Arc<Activity>,
        soft: &CancellationToken,
    ) {
        let service = service_fn(move |request: Request<Incoming>| {
            let in_flight = activity.request(request.version());
            let mut request = request.map(|body| body::request(body, self.stall_timeout));
            request.extensions_mut().insert(ConnectInfo(peer));
            if self.tls.is_some() {
                request.extensions_mut().insert(OverTls);
            }
            let answered = self.router.clone().oneshot(request);
            async move {
                let Ok(response) = answered.await;
                let answer = |body| Answer {
                    body,
                    _in_flight: in_flight,
                };
                Ok::<_, Infallible>(Response::map(response, answer))
            }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = soft.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%peer, error, "a connection broke off");
        }
    }
}
