//! What of the process environment devstack looks at, as a value, so that tests can make one up.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Environment variable with a `host:port` list of a Kafka to use instead of starting one.
pub const KAFKA_BROKERS_ENV: &str = "QUADRILLE_KAFKA_BROKERS";
/// Environment variable with the URI of a MongoDB replica set to use instead of starting one.
pub const MONGODB_URI_ENV: &str = "QUADRILLE_MONGODB_URI";
/// Environment variable with the folder that provisioned programs are kept in.
pub const CACHE_ENV: &str = "QUADRILLE_CACHE";

/// The variables that decide which Kafka and which MongoDB are used.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `PATH`: where binaries are looked for.
    pub path: Option<OsString>,
    /// `JAVA_HOME`: its `bin/java` goes before `PATH`.
    pub java_home: Option<PathBuf>,
    /// `KAFKA_HOME`: an unpacked Kafka distribution.
    pub kafka_home: Option<PathBuf>,
    /// `QUADRILLE_KAFKA_BROKERS`: a Kafka to use as it is.
    pub kafka_brokers: Option<String>,
    /// `QUADRILLE_MONGODB_URI`: a MongoDB to use as it is.
    pub mongodb_uri: Option<String>,
    /// The cache folder; `None` when not even a home folder is known.
    pub cache: Option<PathBuf>,
}

impl Environment {
    /// Reads the variables of this process. Empty ones count as not set.
    pub fn from_process() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let folder = |name: &str| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let cache = folder(CACHE_ENV)
            .or_else(|| folder("XDG_CACHE_HOME").map(|base| base.join("quadrille")))
            .or_else(|| folder("HOME").map(|home| home.join(".cache/quadrille")));
        Self {
            path: env::var_os("PATH"),
            java_home: folder("JAVA_HOME"),
            kafka_home: folder("KAFKA_HOME"),
            kafka_brokers: text(KAFKA_BROKERS_ENV),
            mongodb_uri: text(MONGODB_URI_ENV),
            cache,
        }
    }

    /// Every executable file named `name` on `PATH`, in its order.
    pub fn on_path(&self, name: &str) -> Vec<PathBuf> {
        let Some(path) = &self.path else {
            return Vec::new();
        };
        env::split_paths(path)
            .map(|folder| folder.join(name))
            .filter(|file| is_executable(file))
            .collect()
    }

    /// Where a binary was looked for, for messages.
    pub fn path_shown(&self) -> String {
        match &self.path {
            Some(path) if !path.is_empty() => format!("PATH ({})", path.to_string_lossy()),
            _ => "PATH (empty)".to_owned(),
        }
    }
}

pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
