//! The data folder: whose it is, who uses it now, and starting over.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{process, thread};

use crate::error::{At, Error};
use crate::progress::{Progress, step};

/// Marks a folder as ours: without it nothing in the folder is ever removed.
const MARKER: &str = ".quadrille-devstack";
const LOCK: &str = "lock";
/// The supervisors of a process that was killed end their servers within their grace times.
const PREDECESSOR_DEADLINE: Duration = Duration::from_secs(40);

/// A data folder claimed by this process until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    lock: Mutex<File>,
}

impl DataDir {
    /// Creates or takes over the folder, locks it, waits for servers of a killed predecessor, and
    /// with `fresh` removes the data.
    pub(crate) fn claim(path: &Path, fresh: bool, progress: &dyn Progress) -> Result<Self, Error> {
        fs::create_dir_all(path).at("creating", path)?;
        let path = path.canonicalize().at("resolving", path)?;
        let marker = path.join(MARKER);
        if !marker.exists() {
            let mut entries = fs::read_dir(&path).at("reading", &path)?;
            if entries.next().is_some() {
                return Err(Error::NotOurs {
                    data_dir: path,
                    marker: MARKER,
                });
            }
            let text = "Data of a development stack. `quadrille up --fresh` removes it.\n";
            fs::write(&marker, text).at("writing", &marker)?;
        }
        let lock = lock(&path)?;
        let claimed = Self {
            path,
            lock: Mutex::new(lock),
        };
        claimed.describe_holder("")?;
        claimed.wait_for_predecessor(progress)?;
        if fresh {
            claimed.wipe()?;
        }
        Ok(claimed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a second process is told when it wants the same folder.
    pub(crate) fn describe_holder(&self, note: &str) -> Result<(), Error> {
        let path = self.path.join(LOCK);
        let Ok(mut file) = self.lock.lock() else {
            return Ok(());
        };
        let text = if note.is_empty() {
            format!("process {}", process::id())
        } else {
            format!("process {}, {note}", process::id())
        };
        file.set_len(0).at("writing", &path)?;
        file.seek(SeekFrom::Start(0)).at("writing", &path)?;
        file.write_all(text.as_bytes()).at("writing", &path)
    }

    fn wait_for_predecessor(&self, progress: &dyn Progress) -> Result<(), Error> {
        for server in ["kafka", "mongod"] {
            let folder = self.path.join(server);
            if !server_runs(&folder) {
                continue;
            }
            let what = format!("waiting for the {server} of the previous run to end");
            step(progress, &what, || {
                let begin = Instant::now();
                while server_runs(&folder) {
                    if begin.elapsed() > PREDECESSOR_DEADLINE {
                        let pid = fs::read_to_string(folder.join("pid")).unwrap_or_default();
                        return Err(Error::InUse {
                            data_dir: self.path.clone(),
                            holder: format!(
                                "{server} of an earlier run still runs as process {}",
                                pid.trim()
                            ),
                        });
                    }
                    thread::sleep(Duration::from_millis(50));
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn wipe(&self) -> Result<(), Error> {
        for name in ["kafka", "mongod", "ports.json"] {
            let path = self.path.join(name);
            if path.is_dir() {
                fs::remove_dir_all(&path).at("removing", &path)?;
            } else if path.exists() {
                fs::remove_file(&path).at("removing", &path)?;
            }
        }
        Ok(())
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Closing the file would do, but for a child that another thread forks at this moment: until
        // its exec it has a copy of the descriptor, and with it the lock.
        if let Ok(file) = self.lock.lock() {
            let _ = file.unlock();
        }
    }
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .at("opening", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder).at("reading", &path)?;
            if holder.is_empty() {
                "another process".clone_into(&mut holder);
            }
            Err(Error::InUse {
                data_dir: folder.to_owned(),
                holder,
            })
        }
        Err(TryLockError::Error(source)) => Err(source).at("locking", &path),
    }
}

/// Whether the server whose supervisor wrote `folder/pid` is alive. The command line is compared,
/// because a pid may have been given to another program since.
fn server_runs(folder: &Path) -> bool {
    let Ok(pid) = fs::read_to_string(folder.join("pid")) else {
        return false;
    };
    let Ok(command) = fs::read(format!("/proc/{}/cmdline", pid.trim())) else {
        return false;
    };
    String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;

    #[test]
    fn a_folder_with_foreign_files_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("mongod")).unwrap();
        fs::write(dir.path().join("mongod/thesis.txt"), "years of work").unwrap();
        for fresh in [false, true] {
            let error = DataDir::claim(dir.path(), fresh, &Silent).unwrap_err();
            assert!(matches!(error, Error::NotOurs { .. }), "{error}");
        }
        assert!(dir.path().join("mongod/thesis.txt").exists());
        assert!(!dir.path().join(MARKER).exists());
    }

    #[test]
    fn fresh_removes_the_data_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        drop(DataDir::claim(dir.path(), false, &Silent).unwrap());
        fs::create_dir(dir.path().join("kafka")).unwrap();
        fs::write(dir.path().join("ports.json"), "{}").unwrap();
        fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        drop(DataDir::claim(dir.path(), true, &Silent).unwrap());
        assert!(!dir.path().join("kafka").exists());
        assert!(!dir.path().join("ports.json").exists());
        assert!(dir.path().join("notes.txt").exists());
    }

    #[test]
    fn a_second_claim_says_what_the_first_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::claim(dir.path(), false, &Silent).unwrap();
        first
            .describe_holder("serving http://localhost:8080")
            .unwrap();
        let error = DataDir::claim(dir.path(), true, &Silent)
            .unwrap_err()
            .to_string();
        assert!(error.contains("http://localhost:8080"), "{error}");
        assert!(error.contains(&process::id().to_string()), "{error}");
        drop(first);
        DataDir::claim(dir.path(), false, &Silent).unwrap();
    }
}
