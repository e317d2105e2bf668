//! What a backup says of itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::private_file;

/// The form of backups that this build writes and reads.
pub(super) const FORMAT: u32 = 1;
const FILE: &str = "manifest.json";

/// A service's backup. It is written last, so one without it is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// The version of the program that wrote it.
    pub(super) quadrille: String,
    pub(super) service: String,
    /// The database's name there.
    pub(super) database: String,
    /// The moment that it shows, or a little earlier, by the clock of who made it.
    pub(super) read_at: Timestamp,
    pub(super) tables: Vec<Table>,
    /// Up to where the service had handled what it consumes.
    pub(super) checkpoints: Vec<Mark>,
    /// Up to where its own topics were surely known to it.
    pub(super) own_topics: Vec<Mark>,
    /// What the topics of these partitions held just after; none when Kafka was not asked.
    pub(super) topic_ends: Option<Vec<Ends>>,
}

/// One table's file, `<name>.bson`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) documents: u64,
    pub(super) bytes: u64,
    /// Of the file, as sha256sum prints it.
    pub(super) sha256: String,
}

/// A place in a topic: everything before `next`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Without the prefix.
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) next: i64,
    /// The id of the topic that it is a place in; older backups have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) topic_id: Option<Uuid>,
}

/// What a partition held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ends {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// The first offset.
    pub(super) low: i64,
    /// The offset that the next record will get.
    pub(super) high: i64,
    /// The topic's id; older backups have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) topic_id: Option<Uuid>,
}

impl Manifest {
    /// Writes it into `folder`.
    ///
    /// # Errors
    /// When it can't be written.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(FILE);
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let written = private_file::create(&path).and_then(|mut file| {
            std::io::Write::write_all(&mut file, &text)?;
            file.sync_all()
        });
        written.with_context(|| format!("{} can't be written", path.display()))
    }

    /// Reads the backup of `service` below `folder`; also says where its files are.
    ///
    /// # Errors
    /// When there is none, or it is not one that this build can read.
    pub(super) fn read(folder: &Path, service: &str) -> anyhow::Result<(Self, PathBuf)> {
        let folder = folder.join(service);
        let path = folder.join(FILE);
        let text = fs::read(&path).with_context(|| {
            format!(
                "{} holds no whole backup of {service}: {FILE} can't be read",
                folder.display()
            )
        })?;
        // The form first: of another one, nothing else may be as it is here.
        let whole: serde_json::Value = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a backup's manifest", path.display()))?;
        let format = &whole["format"];
        ensure!(
            *format == FORMAT,
            "{} is of form {format}, and this build reads form {FORMAT}: restore it with the \
             build that wrote it, {}",
            path.display(),
            whole["quadrille"]
        );
        let manifest: Self = serde_json::from_value(whole)
            .with_context(|| format!("{} is not a backup's manifest", path.display()))?;
        ensure!(
            manifest.service == service,
            "{} is a backup of {}, not of {service}",
            folder.display(),
            manifest.service
        );
        Ok((manifest, folder))
    }

    /// How many documents it has.
    pub(super) fn documents(&self) -> u64 {
        self.tables.iter().map(|table| table.documents).sum()
    }

    /// How large its files are.
    pub(super) fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            quadrille: "0.1.0".to_owned(),
            service: "orders".to_owned(),
            database: "orders".to_owned(),
            read_at: Timestamp::UNIX_EPOCH,
            tables: Vec::new(),
            checkpoints: Vec::new(),
            own_topics: Vec::new(),
            topic_ends: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("orders")).unwrap();
        manifest().write(&folder.path().join("orders")).unwrap();
        let (read, _) = Manifest::read(folder.path(), "orders").unwrap();
        assert_eq!(read, manifest());
    }

    #[test]
    fn another_form_another_service_and_no_backup_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |service| {
            let error = Manifest::read(folder.path(), service).unwrap_err();
            format!("{error:#}")
        };
        assert!(refused("orders").contains("no whole backup of orders"));
        for name in ["orders", "products"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        manifest().write(&folder.path().join("products")).unwrap();
        assert!(refused("products").contains("a backup of orders, not of products"));
        let newer = Manifest {
            format: 2,
            quadrille: "9.0.0".to_owned(),
            ..manifest()
        };
        newer.write(&folder.path().join("orders")).unwrap();
        let text = refused("orders");
        assert!(text.contains("form 2") && text.contains("9.0.0"), "{text}");
    }
}
