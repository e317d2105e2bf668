//! One table as a file: its documents one after the other, as they lie in the database.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use bson::RawDocumentBuf;
use sha2::{Digest, Sha256};

use super::manifest::Table;
use super::private_file;

/// MongoDB's own limit for a document, and some room for its header.
const LARGEST: usize = 16 * 1024 * 1024 + 16 * 1024;

/// The file of the table `name`.
fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.bson"))
}

/// A file that is being written.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    table: Table,
}

impl Writer {
    /// Begins the file of the table `name` in `folder`.
    ///
    /// # Errors
    /// When it can't be made.
    pub(super) fn create(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let path = path(folder, name);
        let file = private_file::create(&path)
            .with_context(|| format!("{} can't be written", path.display()))?;
        Ok(Self {
            path,
            file: BufWriter::with_capacity(1 << 20, file),
            hash: Sha256::new(),
            table: Table {
                name: name.to_owned(),
                documents: 0,
                bytes: 0,
                sha256: String::new(),
            },
        })
    }

    /// Adds a document.
    ///
    /// # Errors
    /// When the disk is full.
    pub(super) fn add(&mut self, document: &RawDocumentBuf) -> anyhow::Result<()> {
        let bytes = document.as_bytes();
        self.hash.update(bytes);
        self.table.documents += 1;
        self.table.bytes += bytes.len() as u64;
        let written = self.file.write_all(bytes);
        written.with_context(|| format!("{} can't be written", self.path.display()))
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    /// When the disk is full.
    pub(super) fn finish(mut self) -> anyhow::Result<Table> {
        let flushed = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        flushed.with_context(|| format!("{} can't be written", self.path.display()))?;
        self.table.sha256 = hex(self.hash);
        Ok(self.table)
    }
}

/// A file that is being read.
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
}

impl Reader {
    /// Opens the file of `table` in `folder`.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn open(folder: &Path, table: &Table) -> anyhow::Result<Self> {
        let path = path(folder, &table.name);
        let file =
            File::open(&path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(Self {
            path,
            file: BufReader::with_capacity(1 << 20, file),
        })
    }

    /// The next document; none at the end.
    ///
    /// # Errors
    /// When what comes is no document.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<RawDocumentBuf>> {
        let broken = || format!("{} is broken", self.path.display());
        let mut length = [0; 4];
        if !read_whole(&mut self.file, &mut length).with_context(broken)? {
            return Ok(None);
        }
        let size = usize::try_from(i32::from_le_bytes(length)).unwrap_or(0);
        ensure!((5..=LARGEST).contains(&size), broken());
        let mut bytes = vec![0; size];
        bytes[..4].copy_from_slice(&length);
        self.file.read_exact(&mut bytes[4..]).with_context(broken)?;
        let document = RawDocumentBuf::from_bytes(bytes).with_context(broken)?;
        Ok(Some(document))
    }
}

/// Fills `bytes`; `false` at the end of the file.
fn read_whole(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read(&mut bytes[read..]) {
            Ok(0) if read == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Holds the file of `table` in `folder` against what the manifest says of it.
///
/// # Errors
/// When it is missing or another one; nothing of it may then be used.
pub(super) fn check(folder: &Path, table: &Table) -> anyhow::Result<()> {
    let mut reader = Reader::open(folder, table)?;
    let (mut hash, mut documents) = (Sha256::new(), 0);
    while let Some(document) = reader.next()? {
        hash.update(document.as_bytes());
        documents += 1;
    }
    ensure!(
        hex(hash) == table.sha256 && documents == table.documents,
        "{} is not the file that the manifest speaks of: {documents} documents, not {}, or another \
         hash. Take another copy of the backup",
        reader.path.display(),
        table.documents
    );
    Ok(())
}

fn hex(hash: Sha256) -> String {
    use std::fmt::Write;
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use bson::{doc, rawdoc};

    use super::*;

    fn written(folder: &Path) -> Table {
        let mut writer = Writer::create(folder, "orders").unwrap();
        for number in 0..3 {
            writer
                .add(&rawdoc! { "_id": number, "name": "cup" })
                .unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn documents_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let table = written(folder.path());
        check(folder.path(), &table).unwrap();
        let mut reader = Reader::open(folder.path(), &table).unwrap();
        for number in 0..3 {
            let document = reader.next().unwrap().unwrap();
            let document = bson::Document::try_from(document.as_ref()).unwrap();
            assert_eq!(document, doc! { "_id": number, "name": "cup" });
        }
        assert!(reader.next().unwrap().is_none());
        let mode = std::fs::metadata(folder.path().join("orders.bson")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_was_cut_changed_or_lost_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let table = written(folder.path());
        let path = folder.path().join("orders.bson");
        let whole = std::fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let last = changed.iter().rposition(|byte| *byte == b'p').unwrap();
        changed[last] = b'q';
        let less = whole[..whole.len() / 3 * 2].to_vec();
        let middle = whole[..whole.len() - 5].to_vec();
        for wrong in [changed, less, middle, vec![0xff; 20]] {
            std::fs::write(&path, wrong).unwrap();
            let text = format!("{:#}", check(folder.path(), &table).unwrap_err());
            assert!(text.contains("orders.bson"), "{text}");
        }
        std::fs::remove_file(&path).unwrap();
        let text = format!("{:#}", check(folder.path(), &table).unwrap_err());
        assert!(text.contains("orders.bson can't be read"), "{text}");
    }
}
