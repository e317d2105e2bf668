//! A proxy that understands MongoDB's protocol.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outbox::OutboxStore as _;
use outbox::mongo::{MongoDatabase, MongoOptions};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::fail_point::FailPoint;
use super::fault::{Fault, Trouble};
use super::wire::Frame;

/// What a driver says by itself, at times of its own, and what waits for changes.
const NOT_COUNTED: [&str; 11] = [
    "hello",
    "isMaster",
    "ismaster",
    "ping",
    "buildInfo",
    "endSessions",
    "killSessions",
    "killCursors",
    "aggregate",
    "getMore",
    "saslStart",
];

/// Which command meets the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The one of this number, the first being 0, counted from [`MongoProxy::arm`].
    Nth(usize),
    /// Of those of this name the one of this number, the first being 0.
    Named(&'static str, usize),
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(number) => write!(f, "command {number}"),
            Self::Named(name, 0) => f.write_str(name),
            Self::Named(name, number) => write!(f, "{name} {number}"),
        }
    }
}

/// Stands between a client and MongoDB, counts the client's commands, and makes some of them fail.
pub struct MongoProxy {
    shared: Arc<Shared>,
    uri: String,
    accepting: JoinHandle<()>,
}

struct Shared {
    server: SocketAddr,
    app: String,
    fail_point: FailPoint,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The names of the commands since the last [`MongoProxy::arm`] or [`MongoProxy::record`].
    seen: Vec<String>,
    recording: bool,
    armed: Option<Armed>,
    met: u32,
}

struct Armed {
    when: When,
    trouble: Trouble,
    /// The command's name once the first has met it: the others are to have the same.
    name: Option<String>,
    /// How many of the wanted name came before.
    passed_over: usize,
    left: u32,
}

impl MongoProxy {
    /// A tap before the server at `uri`, one of this machine's.
    ///
    /// # Panics
    /// When it can't listen, or `uri` has no address.
    pub async fn new(uri: &str) -> Self {
        let rest = uri.strip_prefix("mongodb://").unwrap_or(uri);
        let server = rest.split(['/', ',', '?']).next().unwrap_or_default();
        let server = server.rsplit('@').next().unwrap_or_default();
        let server = tokio::net::lookup_host(server)
            .await
            .ok()
            .and_then(|mut found| found.next())
            .expect("the test stack's address has a host and a port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let app = format!("tap-{}", Uuid::new_v4().simple());
        let shared = Arc::new(Shared {
            server,
            fail_point: FailPoint::new(uri, server).await,
            state: Mutex::default(),
            app: app.clone(),
        });
        let taps = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A connection that breaks is what this is for.
                tokio::spawn(carry(Arc::clone(&taps), client));
            }
        });
        Self {
            shared,
            // The shortest heartbeat that a driver takes: it is what finds a server again.
            uri: format!(
                "mongodb://{address}/?directConnection=true&heartbeatFrequencyMS=500&appName={app}"
            ),
            accepting,
        }
    }

    /// The database of this name, through this tap, as the instance sees it that publishes. Another
    /// would notify others at some time after a commit, which is no command of the unit.
    ///
    /// # Panics
    /// When MongoDB does not answer.
    pub async fn database(&self, name: &str) -> MongoDatabase {
        let database = MongoDatabase::connect(&self.uri, name, MongoOptions::default()).await;
        let database = database.expect("the address is valid");
        let hour = Duration::from_hours(1);
        let lease = database.lease("of the tap", Uuid::new_v4(), hour).await;
        assert!(
            lease.expect("MongoDB answers").is_some(),
            "the lease is free"
        );
        database
    }

    /// Where a client reaches MongoDB through this tap.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Begins to count the commands anew.
    pub fn record(&self) {
        *self.shared.lock() = State {
            recording: true,
            ..State::default()
        };
    }

    /// Counts anew, and lets the command that `when` says meet `trouble`.
    pub fn arm(&self, when: When, trouble: impl Into<Trouble>) {
        let trouble = trouble.into();
        *self.shared.lock() = State {
            recording: true,
            armed: Some(Armed {
                when,
                trouble,
                name: None,
                passed_over: 0,
                left: trouble.times,
            }),
            ..State::default()
        };
    }

    /// Stops counting: what comes from now on passes.
    pub fn rest(&self) {
        self.shared.lock().recording = false;
    }

    /// Goes on counting after a [`rest`](Self::rest).
    pub fn go_on(&self) {
        self.shared.lock().recording = true;
    }

    /// The commands counted, in order.
    pub fn commands(&self) -> Vec<String> {
        self.shared.lock().seen.clone()
    }

    /// How many commands have met the trouble.
    pub fn met(&self) -> u32 {
        self.shared.lock().met
    }
}

impl Drop for MongoProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of `command`; what is to happen to it.
    fn pass(&self, command: &str) -> Option<Fault> {
        let mut state = self.lock();
        if !state.recording {
            return None;
        }
        let number = state.seen.len();
        let counted = !NOT_COUNTED.contains(&command);
        if counted {
            state.seen.push(command.to_owned());
        }
        let armed = state.armed.as_mut()?;
        let meant = match (&armed.name, armed.when) {
            (Some(name), _) => name == command,
            (None, When::Nth(wanted)) => counted && number == wanted,
            (None, When::Named(name, wanted)) => {
                let earlier = armed.passed_over;
                armed.passed_over += usize::from(name == command);
                name == command && earlier == wanted
            }
        };
        if !meant || armed.left == 0 {
            return None;
        }
        armed.left -= 1;
        armed.name = Some(command.to_owned());
        let fault = armed.trouble.fault;
        state.met += 1;
        Some(fault)
    }
}

/// What is to become of the answers that are awaited, by the id of their question.
type Awaited = Mutex<HashMap<i32, Answer>>;

enum Answer {
    Lose,
    Delay(Duration),
    Withhold,
    /// Pass it and say so.
    Tell(oneshot::Sender<()>),
}

async fn carry(shared: Arc<Shared>, client: TcpStream) -> io::Result<()> {
    let server = TcpStream::connect(shared.server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let awaited = Awaited::default();
    // Whichever ends first, both connections end with it.
    tokio::select! {
        ended = ask(&shared, &awaited, from_client, to_server) => ended,
        ended = answer(&awaited, from_server, to_client) => ended,
    }
}

async fn ask(
    shared: &Shared,
    awaited: &Awaited,
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
) -> io::Result<()> {
    while let Some(frame) = Frame::read(&mut client).await? {
        let command = frame.command();
        let fault = command.as_deref().and_then(|name| shared.pass(name));
        let await_answer = |how| {
            let mut awaited = awaited.lock().unwrap_or_else(PoisonError::into_inner);
            awaited.insert(frame.id(), how);
        };
        if let (Some(fault), Some(name)) = (fault, &command)
            && let Some(data) = fault.data()
        {
            let armed = shared.fail_point.arm(&shared.app, name, data).await;
            let (tell, told) = oneshot::channel();
            await_answer(Answer::Tell(tell));
            // On a task of its own: it has to be put out of action though the connection ends.
            let disarmed = tokio::spawn(async move {
                let _closed = told.await;
                assert!(armed.disarm().await, "the command has not failed");
            });
            server.write_all(&frame.0).await?;
            disarmed.await.map_err(io::Error::other)?;
            continue;
        }
        match fault {
            Some(Fault::Unheard) => await_answer(Answer::Lose),
            Some(Fault::Late(by)) => await_answer(Answer::Delay(by)),
            Some(Fault::Silent) => await_answer(Answer::Withhold),
            _ => {}
        }
        server.write_all(&frame.0).await?;
    }
    Ok(())
}

async fn answer(
    awaited: &Awaited,
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
) -> io::Result<()> {
    while let Some(frame) = Frame::read(&mut server).await? {
        let how = awaited
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&frame.answers());
        match how {
            Some(Answer::Lose) => return Ok(()),
            Some(Answer::Delay(by)) => tokio::time::sleep(by).await,
            Some(Answer::Withhold) => std::future::pending().await,
            Some(Answer::Tell(passed)) => {
                let _heard = passed.send(());
            }
            None => {}
        }
        client.write_all(&frame.0).await?;
    }
    Ok(())
}
