//! One server of the stack: launched, waited for, killed and started again.
//!
//! Readiness is asked over the wire (`kafka_wire` speaks one Kafka request, `mongo_wire` one
//! MongoDB message), because a client library here would be linked into `cargo xtask` as well.

pub(crate) mod class_archive;
pub(crate) mod kafka;
mod kafka_wire;
mod mongo_wire;
pub(crate) mod mongod;
mod supervised;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervised::Supervised;

use crate::Error;
use crate::command::tail_of;

const POLL: Duration = Duration::from_millis(15);
const TAIL_LINES: usize = 20;
const KILL_DEADLINE: Duration = Duration::from_secs(20);

type Probe = dyn Fn() -> Result<(), String> + Send + Sync;

/// How a server is started and how one knows that it is ready.
pub(crate) struct Launch {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) command: Vec<OsString>,
    /// The server's own folder: `pid`, `console.log`, its log and its data.
    pub(crate) folder: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) port: u16,
    /// Time from TERM to KILL.
    pub(crate) grace: Duration,
    pub(crate) ready_within: Duration,
    /// Says why the server is not ready yet.
    pub(crate) probe: Box<Probe>,
}

impl Launch {
    /// Starts the server and returns when it is ready.
    fn run(&self) -> Result<Supervised, Error> {
        let running = Supervised::start(&self.command, &self.folder, self.grace)?;
        let begin = Instant::now();
        loop {
            if let Some(code) = running.exit() {
                return Err(self.not_ready(format!("ended with status {code} before it was ready")));
            }
            let Err(reason) = (self.probe)() else {
                return Ok(running);
            };
            if begin.elapsed() > self.ready_within {
                let seconds = self.ready_within.as_secs();
                return Err(self.not_ready(format!("was not ready within {seconds} s ({reason})")));
            }
            thread::sleep(POLL);
        }
    }

    fn not_ready(&self, problem: String) -> Error {
        let mut tail = tail_of(&self.log, TAIL_LINES);
        let console = tail_of(&self.folder.join("console.log"), TAIL_LINES);
        if !console.is_empty() {
            tail.push('\n');
            tail.push_str(&console);
        }
        Error::NotReady {
            server: self.name.to_owned(),
            problem,
            log: self.log.clone(),
            tail,
        }
    }
}

/// Whether the start failed because another process took the port after it was probed.
pub(crate) fn lost_port(error: &Error) -> bool {
    matches!(error, Error::NotReady { tail, .. }
        if ["Address already in use", "BindException", "SocketException"].iter().any(|word| tail.contains(word)))
}

struct Inner {
    launch: Launch,
    running: Mutex<Option<Supervised>>,
}

/// A server that devstack started. Clones are the same server.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("name", &self.name())
            .field("port", &self.port())
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Starts it; blocking.
    pub(crate) fn launch(launch: Launch) -> Result<Self, Error> {
        let running = launch.run()?;
        Ok(Self(Arc::new(Inner {
            launch,
            running: Mutex::new(Some(running)),
        })))
    }

    fn running(&self) -> MutexGuard<'_, Option<Supervised>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// "Kafka" or "mongod".
    pub fn name(&self) -> &'static str {
        self.0.launch.name
    }

    /// The program's version.
    pub fn version(&self) -> &str {
        &self.0.launch.version
    }

    /// The port on 127.0.0.1 that clients use.
    pub fn port(&self) -> u16 {
        self.0.launch.port
    }

    /// The server's log file.
    pub fn log(&self) -> &Path {
        &self.0.launch.log
    }

    /// The process id; `None` when it does not run.
    pub fn pid(&self) -> Option<i32> {
        let running = self.running();
        let running = running.as_ref()?;
        running.exit().is_none().then_some(running.pid())
    }

    /// Resident memory in bytes; `None` when it does not run.
    pub fn memory_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()?)).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// SIGKILL: the server ends without any chance to tidy up. Returns when it has ended.
    pub async fn kill(&self) -> Result<(), Error> {
        self.blocking(|server| {
            server.signal(Signal::SIGKILL)?;
            if let Some(running) = server.running().as_ref() {
                running.wait_exit(KILL_DEADLINE);
            }
            Ok(())
        })
        .await
    }

    /// SIGTERM, and SIGKILL after the grace time. Returns when it has ended.
    pub async fn terminate(&self) -> Result<(), Error> {
        self.blocking(|server| {
            server.terminate_blocking();
            Ok(())
        })
        .await
    }

    /// SIGSTOP: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<(), Error> {
        self.signal(Signal::SIGSTOP)
    }

    /// SIGCONT: goes on after [`Server::pause`].
    pub fn resume(&self) -> Result<(), Error> {
        self.signal(Signal::SIGCONT)
    }

    /// Starts it again on the same port with its data; returns when it is ready. Does nothing when
    /// it runs.
    pub async fn start(&self) -> Result<(), Error> {
        self.blocking(|server| {
            if server.pid().is_none() {
                let mut running = server.running();
                *running = Some(server.0.launch.run()?);
            }
            Ok(())
        })
        .await
    }

    /// Lets the supervisor end it, without waiting.
    pub(crate) fn begin_end(&self) {
        if let Some(running) = self.running().as_mut() {
            running.release();
        }
    }

    pub(crate) fn terminate_blocking(&self) {
        if let Some(running) = self.running().as_mut() {
            running.terminate();
        }
    }

    fn signal(&self, signal: Signal) -> Result<(), Error> {
        let Some(pid) = self.pid() else {
            return Err(Error::Io {
                what: format!("sending {signal} to {}", self.name()),
                source: std::io::Error::other("it does not run"),
            });
        };
        kill(Pid::from_raw(pid), signal).map_err(|errno| Error::Io {
            what: format!("sending {signal} to {} (process {pid})", self.name()),
            source: errno.into(),
        })
    }

    async fn blocking(
        &self,
        work: impl FnOnce(&Self) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let server = self.clone();
        in_background(move || work(&server)).await
    }
}

/// Runs blocking work on tokio's thread for it.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Interrupted(error.to_string()))?
}
