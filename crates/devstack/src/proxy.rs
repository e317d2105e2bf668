//! A TCP proxy that breaks connections the way networks do.
//!
//! It passes bytes and knows no protocol. A direction that is held loses nothing: like a network
//! whose packets do not arrive, it delivers late if the two ends are patient, and they may give up
//! before. What a real network never does, to lose bytes from the middle of a connection, it does
//! not do either.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const CHUNK: usize = 16 * 1024;

/// What happens to what comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It arrives.
    #[default]
    Pass,
    /// Connections are reset, new ones at once.
    Refuse,
    /// Nothing arrives at the server; what it says arrives at the client.
    HoldRequests,
    /// What the client says arrives; nothing comes back.
    HoldReplies,
    /// Nothing arrives anywhere, and connections stay open.
    HoldBoth,
    /// It arrives this much later, each way.
    Delay(Duration),
}

impl Mode {
    fn holds(self, way: Way) -> bool {
        match self {
            Self::HoldBoth => true,
            Self::HoldRequests => way == Way::Request,
            Self::HoldReplies => way == Way::Reply,
            Self::Pass | Self::Refuse | Self::Delay(_) => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Reply,
}

/// What connections look at.
#[derive(Debug, Clone, Copy)]
struct NetworkConditions {
    mode: Mode,
    target: Option<SocketAddr>,
    /// Rises with each cut; connections of an older one end.
    cuts: u64,
}

#[derive(Debug)]
struct Shared {
    conditions: watch::Sender<NetworkConditions>,
    open: AtomicUsize,
    /// Bytes that set the trap off, and how often it is to close.
    trap: Mutex<Option<(Vec<u8>, usize)>>,
    trapped: watch::Sender<usize>,
}

/// A proxy on a free port of the loopback address. Dropping it closes the port and resets what is
/// open.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy in front of `target`; without one, connections are reset until [`Proxy::aim`].
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn bind(target: Option<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Self::on(listener, target)
    }

    /// The same on `listener`.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn on(listener: TcpListener, target: Option<SocketAddr>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (conditions, _) = watch::channel(NetworkConditions {
            mode: Mode::Pass,
            target,
            cuts: 0,
        });
        let shared = Arc::new(Shared {
            conditions,
            open: AtomicUsize::new(0),
            trap: Mutex::new(None),
            trapped: watch::channel(0).0,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Which server is behind it from the next connection on.
    pub fn aim(&self, target: SocketAddr) {
        self.shared
            .conditions
            .send_modify(|conditions| conditions.target = Some(target));
    }

    /// Changes what happens, for open connections too.
    pub fn set(&self, mode: Mode) {
        self.shared.conditions.send_modify(|conditions| {
            conditions.mode = mode;
            if mode == Mode::Refuse {
                conditions.cuts += 1;
            }
        });
    }

    /// What happens at present.
    pub fn mode(&self) -> Mode {
        self.shared.conditions.borrow().mode
    }

    /// Resets the connections that are open; new ones are as the mode says.
    pub fn cut(&self) {
        self.shared
            .conditions
            .send_modify(|conditions| conditions.cuts += 1);
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    /// The next `times` requests that contain `words` arrive, but instead of the reply the client
    /// gets a reset: it cannot know what became of them. The words are found in what one read gives,
    /// so a request of more than 16 KiB may hide them.
    pub fn lose_reply_to(&self, words: &[u8], times: usize) {
        let trap = (times > 0 && !words.is_empty()).then(|| (words.to_vec(), times));
        *self.shared.trap() = trap;
    }

    /// How many replies were lost that way.
    pub fn replies_lost(&self) -> usize {
        *self.shared.trapped.borrow()
    }

    /// Waits until `count` replies were lost that way, ever.
    pub async fn wait_for_lost(&self, count: usize) {
        let mut trapped = self.shared.trapped.subscribe();
        // The sender lives as long as we do.
        let _ = trapped.wait_for(|lost| *lost >= count).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Shared {
    fn trap(&self) -> std::sync::MutexGuard<'_, Option<(Vec<u8>, usize)>> {
        self.trap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `bytes` set the trap off.
    fn springs(&self, bytes: &[u8]) -> bool {
        let mut trap = self.trap();
        let Some((words, left)) = trap.as_mut() else {
            return false;
        };
        if !bytes.windows(words.len()).any(|part| part == &words[..]) {
            return false;
        }
        *left -= 1;
        if *left == 0 {
            *trap = None;
        }
        true
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: some get free with time.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            shared.open.fetch_add(1, Ordering::AcqRel);
            // A connection that fails is what this is for.
            let _ = carry(client, &shared).await;
            shared.open.fetch_sub(1, Ordering::AcqRel);
        });
    }
}

async fn carry(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_zero_linger()?;
    client.set_nodelay(true)?;
    let mut conditions = shared.conditions.subscribe();
    let now = *conditions.borrow_and_update();
    let (Some(target), false) = (now.target, now.mode == Mode::Refuse) else {
        return Ok(());
    };
    let mut server = tokio::select! {
        server = TcpStream::connect(target) => server?,
        _ = cut_after(conditions.clone(), now.cuts) => return Ok(()),
    };
    server.set_zero_linger()?;
    server.set_nodelay(true)?;
    let losing = watch::channel(false).0;
    let both = async {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::try_join!(
            pump(Way::Request, from_client, to_server, shared, &losing),
            pump(Way::Reply, from_server, to_client, shared, &losing),
        )
    };
    tokio::select! {
        done = both => done.map(|_| ()),
        _ = cut_after(conditions, now.cuts) => Ok(()),
    }
    // Whatever is still open is reset here, as the lingering is zero.
}

async fn cut_after(
    mut conditions: watch::Receiver<NetworkConditions>,
    cuts: u64,
) -> Option<NetworkConditions> {
    let cut = conditions
        .wait_for(|conditions| conditions.cuts > cuts)
        .await;
    cut.ok().map(|conditions| *conditions)
}

async fn pump(
    way: Way,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    shared: &Shared,
    losing: &watch::Sender<bool>,
) -> io::Result<()> {
    let mut conditions = shared.conditions.subscribe();
    let mut bytes = vec![0; CHUNK];
    loop {
        let count = from.read(&mut bytes).await?;
        let passing = conditions
            .wait_for(|conditions| !conditions.mode.holds(way))
            .await;
        let mode = passing
            .map(|conditions| conditions.mode)
            .unwrap_or_default();
        if let Mode::Delay(time) = mode {
            tokio::time::sleep(time).await;
        }
        if count == 0 {
            return to.shutdown().await;
        }
        match way {
            Way::Request if shared.springs(&bytes[..count]) => {
                losing.send_replace(true);
            }
            Way::Reply if *losing.borrow() => {
                shared.trapped.send_modify(|lost| *lost += 1);
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Way::Request | Way::Reply => {}
        }
        to.write_all(&bytes[..count]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says everything back.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn through(mode: Mode) -> (Proxy, TcpStream) {
        let proxy = Proxy::bind(Some(echo().await)).await.unwrap();
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut client, b"first").await.unwrap(), b"first");
        proxy.set(mode);
        (proxy, client)
    }

    async fn ask(client: &mut TcpStream, words: &[u8]) -> io::Result<Vec<u8>> {
        client.write_all(words).await?;
        let mut answer = vec![0; words.len()];
        client.read_exact(&mut answer).await?;
        Ok(answer)
    }

    async fn no_answer(client: &mut TcpStream) {
        let answer = ask(client, b"held");
        let answer = tokio::time::timeout(Duration::from_millis(200), answer).await;
        assert!(answer.is_err(), "{answer:?}");
    }

    #[tokio::test]
    async fn a_cut_resets_what_is_open_and_refuses_what_is_new() {
        let (proxy, mut client) = through(Mode::Refuse).await;
        assert!(ask(&mut client, b"second").await.is_err());
        let new = TcpStream::connect(proxy.address()).await;
        if let Ok(mut new) = new {
            assert!(ask(&mut new, b"third").await.is_err());
        }
        proxy.set(Mode::Pass);
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut new, b"fourth").await.unwrap(), b"fourth");
        proxy.cut();
        assert!(ask(&mut new, b"fifth").await.is_err());
    }

    #[tokio::test]
    async fn what_is_held_arrives_late_and_whole() {
        for mode in [Mode::HoldRequests, Mode::HoldReplies, Mode::HoldBoth] {
            let (proxy, mut client) = through(mode).await;
            no_answer(&mut client).await;
            proxy.set(Mode::Pass);
            let mut answer = [0; 4];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"held", "{mode:?}");
        }
    }

    #[tokio::test]
    async fn a_delay_is_felt_each_way() {
        let time = Duration::from_millis(60);
        let (_proxy, mut client) = through(Mode::Delay(time)).await;
        let began = std::time::Instant::now();
        assert_eq!(ask(&mut client, b"slow").await.unwrap(), b"slow");
        assert!(began.elapsed() >= 2 * time, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_trapped_request_arrives_and_its_reply_is_lost() {
        let (proxy, mut client) = through(Mode::Pass).await;
        proxy.lose_reply_to(b"commit", 1);
        assert_eq!(ask(&mut client, b"other").await.unwrap(), b"other");
        assert_eq!(proxy.replies_lost(), 0);
        assert!(ask(&mut client, b"please commit").await.is_err());
        proxy.wait_for_lost(1).await;
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut new, b"commit").await.unwrap(), b"commit");
        assert_eq!(proxy.replies_lost(), 1);
    }

    #[tokio::test]
    async fn an_end_that_closes_is_told_to_the_other() {
        let (proxy, mut client) = through(Mode::Pass).await;
        client.shutdown().await.unwrap();
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        let end = std::time::Instant::now() + Duration::from_secs(5);
        while proxy.open() > 0 {
            assert!(std::time::Instant::now() < end, "{} open", proxy.open());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
