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

    /// Answers the requests of one connection, until it ends, has to give way, or has nothing in
    /// flight after `soft`.
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
        let give_way = &place.give_way;
        let Some(tls) = &self.tls else {
            return self.answer(stream, peer, activity, give_way, soft).await;
        };
        let accepted = tokio::select! {
            accepted = tls.acceptor().accept(stream) => accepted,
            () = give_way.cancelled() => return,
        };
        match accepted {
            Ok(stream) => self.answer(stream, peer, activity, give_way, soft).await,
            Err(error) => tracing::debug!(%peer, %error, "no TLS connection was made"),
        }
    }

    async fn answer(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        peer: SocketAddr,
        activity: Arc<Activity>,
        give_way: &CancellationToken,
        soft: &CancellationToken,
    ) {
        let service = service_fn(|request: Request<Incoming>| {
            let in_flight = activity.request(request.version());
            let mut request = request.map(|body| body::request(body, self.stall_timeout));
            request.extensions_mut().insert(ConnectInfo(peer));
            if self.tls.is_some() {
                request.extensions_mut().insert(OverTls);
            }
            let answered = self.router.clone().oneshot(request);
            async move {
                let Ok(response) = answered.await;
                let answer = |body| Answer::new(body, in_flight);
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
            // A request that came since room was asked for is answered first.
            () = give_way.cancelled() => {
                if activity.waits() {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%peer, error, "a connection broke off");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::routing::get;
    use http_body_util::{BodyExt, Empty};
    use hyper::client::conn::http2;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::http::serve::places::Places;

    /// Longer than any limit that is set here.
    const PATIENCE: Duration = Duration::from_secs(60);

    struct Served {
        client: TcpStream,
        give_way: CancellationToken,
        task: JoinHandle<()>,
    }

    async fn served(router: Router, settings: ConnectionSettings) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (stream, peer) = accepted.unwrap();
        let activity = Arc::new(Activity::new(&settings));
        let places = Arc::new(Places::new(&settings));
        let place = places.take(peer.ip(), false, &activity).unwrap();
        let give_way = place.give_way.clone();
        let connections = Connections::new(router, &settings, None);
        let task = tokio::spawn(async move {
            let soft = CancellationToken::new();
            connections
                .serve(stream, peer, activity, place, &soft)
                .await;
        });
        Served {
            client: client.unwrap(),
            give_way,
            task,
        }
    }

    async fn in_time<T>(what: impl Future<Output = T>) -> T {
        let done = tokio::time::timeout(PATIENCE, what).await;
        done.expect("it is waited for for ever")
    }

    /// Answers with so many bytes, in one piece.
    fn bytes(count: usize) -> Router {
        Router::new().route("/", get(async move || vec![b'x'; count]))
    }

    #[tokio::test]
    async fn an_answer_on_its_way_is_not_an_idle_connection() {
        const LARGE: usize = 64 * 1024 * 1024;
        let settings = ConnectionSettings {
            idle_timeout: Duration::from_millis(100),
            ..ConnectionSettings::default()
        };
        let mut served = served(bytes(LARGE), settings).await;
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        served.client.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let mut pauses = 0;
        while in_time(served.client.read_buf(&mut answer)).await.unwrap() > 0 {
            // Several times as long as a connection may be idle, in all.
            if answer.len() > pauses * LARGE / 10 {
                pauses += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        assert!(answer.len() > LARGE, "{} bytes", answer.len());
    }

    #[tokio::test]
    async fn a_request_that_came_before_the_connection_gives_way_is_answered() {
        let (reached, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (reaches, goes_on) = (Arc::clone(&reached), Arc::clone(&go_on));
        let handler = get(async move || {
            reaches.add_permits(1);
            goes_on.acquire().await.unwrap().forget();
            "done"
        });
        let router = Router::new().route("/", handler);
        let mut served = served(router, ConnectionSettings::default()).await;
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        served.client.write_all(request).await.unwrap();
        in_time(reached.acquire()).await.unwrap().forget();
        served.give_way.cancel();
        tokio::task::yield_now().await;
        go_on.add_permits(1);
        let mut answer = String::new();
        let all = served.client.read_to_string(&mut answer);
        in_time(all).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        in_time(served.task).await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_waits_gives_way_at_once() {
        let served = served(bytes(1), ConnectionSettings::default()).await;
        served.give_way.cancel();
        in_time(served.task).await.unwrap();
    }

    /// Over HTTP/2, with so much window for each answer.
    async fn asked(client: TcpStream, window: u32, requests: usize) -> Vec<Response<Incoming>> {
        let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(window)
            .handshake(TokioIo::new(client))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut answers = Vec::new();
        for _ in 0..requests {
            let request = Request::get("http://x/").body(Empty::<Bytes>::new());
            answers.push(sender.send_request(request.unwrap()).await.unwrap());
        }
        answers
    }

    fn stalls_after(stall_timeout: Duration) -> ConnectionSettings {
        ConnectionSettings {
            stall_timeout,
            ..ConnectionSettings::default()
        }
    }

    #[tokio::test]
    async fn who_gives_no_window_for_answers_is_given_up() {
        let settings = stalls_after(Duration::from_millis(200));
        let served = served(bytes(1000), settings).await;
        let answers = in_time(asked(served.client, 0, 10)).await;
        in_time(served.task).await.unwrap();
        for answer in answers {
            assert!(answer.into_body().collect().await.is_err());
        }
    }

    #[tokio::test]
    async fn who_gives_window_slowly_but_steadily_is_not_given_up() {
        const SIZE: usize = 1024 * 1024;
        let settings = ConnectionSettings {
            idle_timeout: Duration::from_secs(1),
            ..stalls_after(Duration::from_secs(1))
        };
        let served = served(bytes(SIZE), settings).await;
        let mut answers = in_time(asked(served.client, 16 * 1024, 1)).await;
        let mut body = answers.remove(0).into_body();
        let mut taken = 0;
        while let Some(frame) = in_time(body.frame()).await {
            taken += frame.unwrap().into_data().unwrap().len();
            // In all several times as long as nothing may be taken.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(taken, SIZE);
    }
}
