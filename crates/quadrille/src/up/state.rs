//! Where the shop that runs in this folder is, for the commands that look after it.

use std::fs;
use std::path::Path;

use anyhow::Context;
use devstack::DevStack;
use serde::{Deserialize, Serialize};

const FILE: &str = "up.json";

/// The addresses of a running `up`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    url: String,
    mongodb_uri: String,
    kafka_brokers: String,
}

impl State {
    pub(super) fn new(url: &str, stack: &DevStack) -> Self {
        Self {
            url: url.to_owned(),
            mongodb_uri: stack.mongodb_uri().to_owned(),
            kafka_brokers: stack.kafka_brokers().to_owned(),
        }
    }

    pub(super) fn save(&self, data_dir: &Path) -> anyhow::Result<()> {
        let path = data_dir.join(FILE);
        fs::write(&path, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("{} can't be written", path.display()))
    }

    pub(super) fn forget(data_dir: &Path) {
        // Left behind it would only name an address where nobody answers.
        let _ = fs::remove_file(data_dir.join(FILE));
    }
}

/// MongoDB's address: the given one, or that of the `up` that runs in this folder.
///
/// # Errors
/// When there is neither.
pub(crate) fn running_mongodb(given: Option<&str>) -> anyhow::Result<String> {
    if let Some(uri) = given {
        return Ok(uri.to_owned());
    }
    let text = fs::read(Path::new(".quadrille").join(FILE)).context(
        "no `quadrille up` runs in this folder; name a MongoDB with --mongodb-uri or QUADRILLE_MONGODB_URI",
    )?;
    let state: State = serde_json::from_slice(&text).context(".quadrille/up.json can't be read")?;
    Ok(state.mongodb_uri)
}
