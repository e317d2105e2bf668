//! Everything that can go wrong, each naming the way out.

use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why a stack could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Programs that are needed and were not found; nothing was changed.
    #[error("{}", shown(.0))]
    Missing(Vec<MissingTool>),
    /// An address from the environment does not answer.
    #[error(
        "{variable} is set to {value}, but nothing answers at {address}: {cause}; start it, or unset {variable} to have one started"
    )]
    Unreachable {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// The address tried.
        address: String,
        /// What the connection attempt said.
        cause: String,
    },
    /// Another process uses the data folder.
    #[error("{} is in use: {holder}", data_dir.display())]
    InUse {
        /// The folder.
        data_dir: PathBuf,
        /// What the holder says about itself (pid and, once it is up, its address).
        holder: String,
    },
    /// The data folder holds files which devstack did not write.
    #[error(
        "{} is not empty and is not a devstack data folder (no {marker} in it): nothing was touched; choose another folder", data_dir.display()
    )]
    NotOurs {
        /// The folder.
        data_dir: PathBuf,
        /// The marker file's name.
        marker: &'static str,
    },
    /// A download is not what the pins say; it was thrown away.
    #[error("the download of {what} was refused: {detail}")]
    Checksum {
        /// What was downloaded.
        what: String,
        /// Which file differs, and how.
        detail: String,
    },
    /// A program that we ran failed.
    #[error("`{command}` failed ({status}):\n{output}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// The last lines that it printed.
        output: String,
    },
    /// A server ended, or was not ready in time.
    #[error("{server} {problem}; its log is {}, which ends:\n{tail}", log.display())]
    NotReady {
        /// "Kafka" or "mongod".
        server: String,
        /// What was seen.
        problem: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// A file or process operation failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// The cause.
        source: io::Error,
    },
    /// The thread that did the work panicked or the runtime is going down.
    #[error("devstack's work was interrupted: {0}")]
    Interrupted(String),
}

/// One program that is needed and was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTool {
    /// The program, with the version that is needed, and what for.
    pub what: String,
    /// Every place that was looked at.
    pub looked: String,
    /// What helps.
    pub remedy: String,
    /// The Debian package that brings it, where there is one.
    pub package: Option<&'static str>,
}

impl fmt::Display for MissingTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is missing: looked in {}. {}",
            self.what, self.looked, self.remedy
        )
    }
}

fn shown(tools: &[MissingTool]) -> String {
    let lines: Vec<String> = tools.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Adds what was being done to an I/O error.
pub(crate) trait At<T> {
    fn at(self, what: &str, path: &Path) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, what: &str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            what: format!("{what} {}", path.display()),
            source,
        })
    }
}
