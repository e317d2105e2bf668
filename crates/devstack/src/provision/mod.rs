//! Pinned versions in the cache folder: fetched once, whole or not at all, by one process at a time.

pub(crate) mod kafka;
pub(crate) mod mongod;

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{At, Error};
use crate::progress::Progress;

/// The cache folder.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where the entry `name` is, whether it exists or not.
    pub(crate) fn entry(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The entry's path, after `fetch` has filled it if nobody had yet.
    ///
    /// `fetch` works in a temporary folder which takes the entry's name by one rename, so an entry
    /// that exists is complete. Other processes wait for the lock and then find the entry.
    pub(crate) fn get_or_fetch(
        &self,
        name: &str,
        progress: &dyn Progress,
        fetch: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<PathBuf, Error> {
        let entry = self.entry(name);
        if entry.exists() {
            return Ok(entry);
        }
        let _lock = self.lock(name, progress)?;
        if entry.exists() {
            return Ok(entry);
        }
        let work = tempfile::Builder::new()
            .prefix("fetching-")
            .tempdir_in(&self.root)
            .at("creating a temporary folder in", &self.root)?;
        fetch(work.path())?;
        fs::rename(work.path(), &entry).at("renaming the finished download to", &entry)?;
        Ok(entry)
    }

    /// Locks `name` against other processes until the file is dropped (or its process dies).
    pub(crate) fn lock(&self, name: &str, progress: &dyn Progress) -> Result<File, Error> {
        let locks = self.root.join("locks");
        fs::create_dir_all(&locks).at("creating", &locks)?;
        let path = locks.join(format!("{name}.lock"));
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .at("opening", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.note(&format!(
                    "waiting for another process which provides {name}"
                ));
                file.lock().at("locking", &path)?;
            }
            Err(TryLockError::Error(source)) => return Err(source).at("locking", &path),
        }
        Ok(file)
    }
}

/// Compares the files of `folder` with `sha256sum` lines: the same files, the same contents.
pub(crate) fn verify(what: &str, folder: &Path, sums: &str) -> Result<(), Error> {
    let refuse = |detail: String| Error::Checksum {
        what: what.to_owned(),
        detail,
    };
    let mut expected: Vec<(&str, &str)> = sums
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, name)| (name, sum))
        .collect();
    expected.sort_unstable();
    let mut found: Vec<String> = fs::read_dir(folder)
        .at("reading", folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    found.sort_unstable();
    if let Some(extra) = found
        .iter()
        .find(|name| !expected.iter().any(|(wanted, _)| wanted == name))
    {
        return Err(refuse(format!("{extra} is not on the list of checksums")));
    }
    for (name, sum) in expected {
        if !found.iter().any(|file| file == name) {
            return Err(refuse(format!("{name} did not come")));
        }
        let actual = sha256(&folder.join(name))?;
        if actual != sum {
            return Err(refuse(format!(
                "{name} has SHA-256 {actual}, expected {sum}"
            )));
        }
    }
    Ok(())
}

fn sha256(file: &Path) -> Result<String, Error> {
    let mut reader = File::open(file).at("opening", file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer).at("reading", file)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, mpsc};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::Silent;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn a_changed_missing_or_additional_file_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let sums = format!("{HELLO}  a.jar\n");
        let refused = |sums: &str| verify("Kafka", dir.path(), sums).unwrap_err().to_string();

        assert!(refused(&sums).contains("a.jar did not come"));
        fs::write(dir.path().join("a.jar"), "hello").unwrap();
        verify("Kafka", dir.path(), &sums).unwrap();
        fs::write(dir.path().join("a.jar"), "hellO").unwrap();
        assert!(refused(&sums).contains(HELLO));
        fs::write(dir.path().join("a.jar"), "hello").unwrap();
        fs::write(dir.path().join("b.jar"), "evil").unwrap();
        assert!(refused(&sums).contains("b.jar is not on the list"));
    }

    #[test]
    fn a_failed_download_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let error = cache.get_or_fetch("thing", &Silent, |work| {
            fs::write(work.join("half"), "x").unwrap();
            verify("thing", work, &format!("{HELLO}  half"))
        });
        assert!(matches!(error, Err(Error::Checksum { .. })));
        assert!(!cache.entry("thing").exists());
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "only the locks folder stays: {left:?}");
    }

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>, Mutex<Option<mpsc::Sender<()>>>);
    impl Progress for Notes {
        fn started(&self, _: &str) {}
        fn finished(&self, _: &str, _: Duration) {}
        fn note(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
            if let Some(waits) = self.1.lock().unwrap().take() {
                waits.send(()).unwrap();
            }
        }
    }

    #[test]
    fn a_second_process_waits_for_the_first_and_fetches_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let fetched = Arc::new(AtomicUsize::new(0));
        let (inside, is_inside) = mpsc::channel();
        let (waits, second_waits) = mpsc::channel::<()>();
        let first = thread::spawn({
            let (cache, fetched) = (cache.clone(), Arc::clone(&fetched));
            move || {
                cache.get_or_fetch("thing", &Silent, |work| {
                    inside.send(()).unwrap();
                    second_waits.recv_timeout(Duration::from_secs(10)).unwrap();
                    fetched.fetch_add(1, Ordering::SeqCst);
                    fs::write(work.join("done"), "").at("writing", work)
                })
            }
        });
        is_inside.recv_timeout(Duration::from_secs(10)).unwrap();
        let notes = Notes(Mutex::default(), Mutex::new(Some(waits)));
        let second = cache
            .get_or_fetch("thing", &notes, |_| {
                fetched.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
            .unwrap();
        assert_eq!(first.join().unwrap().unwrap(), second);
        assert!(second.join("done").exists());
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
        assert!(notes.0.lock().unwrap()[0].contains("waiting for another process"));
    }
}
