//! Where the shop that runs in this folder is, for the commands that look after it.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use devstack::DevStack;
use serde::{Deserialize, Serialize};

const FILE: &str = "up.json";

/// The addresses of a running `up`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    url: String,
    pub(crate) mongodb_uri: String,
    pub(crate) kafka_brokers: String,
}

impl State {
    /// That of the `up` that runs in this folder.
    ///
    /// # Errors
    /// When none does.
    pub(crate) fn running() -> anyhow::Result<Self> {
        let Ok(text) = fs::read(Path::new(".quadrille").join(FILE)) else {
            bail!("no `quadrille up` runs in this folder");
        };
        serde_json::from_slice(&text).context(".quadrille/up.json can't be read")
    }

    pub(super) fn new(url: &str, stack: &DevStack) -> Self {
        Self {
            url: url.to_owned(),
            mongodb_uri: stack.mongodb_uri().to_owned(),
            kafka_brokers: stack.kafka_brokers().to_owned(),
        }
    }

    pub(super) fn save(&self, data_dir: &Path) -> anyhow::Result<()> {
        let path = data_dir.join(FILE);
        // With servers of somebody else's, nothing has made the folder yet.
        fs::create_dir_all(data_dir)
            .and_then(|()| fs::write(&path, serde_json::to_vec_pretty(self)?))
            .with_context(|| format!("{} can't be written", path.display()))
    }

    pub(super) fn forget(data_dir: &Path) {
        // Left behind it would only name an address where nobody answers.
        let _ = fs::remove_file(data_dir.join(FILE));
    }
}
