//! One process of the shop, which can be killed, stopped and started again.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// What a process is started with.
#[derive(Debug, Clone)]
pub(crate) struct CommandLine {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// What it logs is appended there; without it, it goes where ours goes.
    pub(crate) log: Option<PathBuf>,
}

/// A service process. It has the same address and settings each time that it is started.
#[derive(Debug)]
pub struct Part {
    role: &'static str,
    name: String,
    address: SocketAddr,
    line: CommandLine,
    /// Set apart from the line, because it may become another build's.
    program: Mutex<PathBuf>,
    child: Mutex<Option<Child>>,
}

impl Part {
    pub(crate) fn new(
        role: &'static str,
        name: String,
        address: SocketAddr,
        line: CommandLine,
    ) -> Self {
        Self {
            role,
            name,
            address,
            program: Mutex::new(line.program.clone()),
            line,
            child: Mutex::new(None),
        }
    }

    /// Which service it is.
    pub fn role(&self) -> &'static str {
        self.role
    }

    /// Its role and number.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The file that it logs to, if it has one.
    pub fn log(&self) -> Option<&Path> {
        self.line.log.as_deref()
    }

    /// The next time that it is started, it is `program`.
    pub fn becomes(&self, program: &Path) {
        let mut own = self.program.lock().unwrap_or_else(PoisonError::into_inner);
        program.clone_into(&mut own);
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it; does nothing when it runs. Comes back before it is ready.
    ///
    /// # Errors
    /// When the program can't be run.
    pub fn start(&self) -> anyhow::Result<()> {
        let mut child = self.child();
        if child.is_some() {
            return Ok(());
        }
        let program = self.program.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = Command::new(&*program);
        command
            .args(&self.line.arguments)
            .envs(
                self.line
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .env_remove("CI")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(log) = &self.line.log {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(log)
                .with_context(|| format!("{} can't be written", log.display()))?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        let started = command
            .spawn()
            .with_context(|| format!("{} can't be run", program.display()))?;
        *child = Some(started);
        Ok(())
    }

    /// Ends it as a power cut would, and comes back when it is gone.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&self) -> anyhow::Result<()> {
        let mut child = self.take()?;
        signal(&child, Signal::SIGKILL)?;
        child.wait().await?;
        Ok(())
    }

    /// Stands it still; its connections stay open.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.send(Signal::SIGSTOP)
    }

    /// Lets it go on after [`Part::pause`].
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.send(Signal::SIGCONT)
    }

    /// Asks it to end; does nothing when it does not run.
    ///
    /// # Errors
    /// When it does not end within `limit`, or ends badly.
    pub async fn terminate(&self, limit: Duration) -> anyhow::Result<()> {
        let Ok(mut child) = self.take() else {
            return Ok(());
        };
        signal(&child, Signal::SIGTERM)?;
        let ended = tokio::time::timeout(limit, child.wait()).await;
        let status = ended.with_context(|| format!("{} does not stop", self.name))??;
        anyhow::ensure!(status.success(), "{} ended badly: {status}", self.name);
        Ok(())
    }

    /// Its exit status, once, when it has ended though nobody told it to.
    pub fn ended_by_itself(&self) -> Option<ExitStatus> {
        let mut child = self.child();
        let status = child.as_mut()?.try_wait().ok()??;
        *child = None;
        Some(status)
    }

    fn send(&self, what: Signal) -> anyhow::Result<()> {
        let child = self.child();
        signal(child.as_ref().with_context(|| self.absent())?, what)
    }

    fn take(&self) -> anyhow::Result<Child> {
        self.child().take().with_context(|| self.absent())
    }

    fn absent(&self) -> String {
        format!("{} does not run", self.name)
    }
}

fn signal(child: &Child, what: Signal) -> anyhow::Result<()> {
    // Without an id it has ended already.
    if let Some(id) = child.id() {
        kill(Pid::from_raw(i32::try_from(id)?), what)?;
    }
    Ok(())
}
