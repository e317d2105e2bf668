//! A process that cannot outlive us.
//!
//! Rust's `Command` can ask the kernel for "kill me when my parent dies" only through unsafe code,
//! and that signal would not be a graceful one. A shell of thirty lines holds a pipe instead: the
//! kernel closes our end when we end, the shell then sends TERM, and KILL after the grace time.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{At, Error};

const SCRIPT: &str = include_str!("supervise.sh");
const PID_DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    pid: Option<i32>,
    exit: Option<i32>,
}

/// What the supervisor has told so far.
#[derive(Debug, Default)]
struct Watch {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait_for<T>(&self, timeout: Duration, get: impl Fn(&Seen) -> Option<T>) -> Option<T> {
        let end = Instant::now() + timeout;
        let mut seen = self.lock();
        loop {
            if let Some(found) = get(&seen) {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            seen = self
                .changed
                .wait_timeout(seen, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// A server process under its supervisor. Dropping it begins the end of the server (TERM).
#[derive(Debug)]
pub(crate) struct Supervised {
    /// The pipe whose closing ends the server.
    leash: Option<ChildStdin>,
    pid: i32,
    grace: Duration,
    watch: Arc<Watch>,
}

impl Supervised {
    /// Starts `command`; its output is appended to `folder/console.log`, its pid is in `folder/pid`.
    pub(crate) fn start(
        command: &[OsString],
        folder: &Path,
        grace: Duration,
    ) -> Result<Self, Error> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "devstack-supervisor"])
            .arg(grace.as_secs().to_string())
            .args([folder.join("pid"), folder.join("console.log")])
            .args(command)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C goes to the terminal's foreground group; the servers end after us, in order.
            .process_group(0)
            .spawn()
            .at("starting a supervisor with /bin/sh in", folder)?;
        let leash = shell.stdin.take();
        let watch = Arc::new(Watch::default());
        thread::spawn({
            let watch = Arc::clone(&watch);
            move || listen(shell, &watch)
        });
        let pid = watch
            .wait_for(PID_DEADLINE, |seen| seen.pid.or(seen.exit.map(|_| 0)))
            .unwrap_or(0);
        Ok(Self {
            leash,
            pid,
            grace,
            watch,
        })
    }

    /// The server's own process id (not the supervisor's).
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// The exit status when the server has ended: 128 + N after signal N.
    pub(crate) fn exit(&self) -> Option<i32> {
        self.watch.lock().exit
    }

    /// Waits for the end of the server.
    pub(crate) fn wait_exit(&self, timeout: Duration) -> Option<i32> {
        self.watch.wait_for(timeout, |seen| seen.exit)
    }

    /// TERM, then KILL after the grace time, without waiting.
    pub(crate) fn release(&mut self) {
        self.leash = None;
    }

    /// TERM, then KILL after the grace time; returns when the server has ended.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.release();
        self.wait_exit(self.grace + Duration::from_secs(10))
    }
}

fn listen(mut shell: Child, watch: &Watch) {
    if let Some(stdout) = shell.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some(("pid", pid)) => watch.update(|seen| seen.pid = pid.parse().ok()),
                Some(("exit", code)) => watch.update(|seen| seen.exit = code.parse().ok()),
                _ => {}
            }
        }
    }
    let status = shell.wait().ok().and_then(|status| status.code());
    watch.update(|seen| seen.exit = seen.exit.or(Some(status.unwrap_or(-1))));
}
