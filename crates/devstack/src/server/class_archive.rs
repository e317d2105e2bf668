//! The class archive (`AppCDS`), which halves Kafka's start: made once for each Java and Kafka.
//!
//! An archive that cannot be made or used costs time only, so every failure here ends in a start
//! without it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::kafka::Program;
use super::{Launch, kafka};
use crate::error::{At, Error};
use crate::options::Options;
use crate::ports::Ports;
use crate::progress::{Progress, step};
use crate::provision::{Cache, hex};

/// The flags that make Java use the archive; makes the archive first if there is none.
pub(crate) fn flags(cache: &Cache, program: &Program, progress: &dyn Progress) -> Vec<OsString> {
    match archive(cache, program, progress) {
        Ok(flags) => flags,
        Err(error) => {
            progress.note(&format!("Kafka starts without a class archive: {error}"));
            Vec::new()
        }
    }
}

fn archive(
    cache: &Cache,
    program: &Program,
    progress: &dyn Progress,
) -> Result<Vec<OsString>, Error> {
    let name = format!("kafka-classes-{}", key(program));
    let entry = cache.entry(&name);
    if !entry.exists() {
        let _lock = cache.lock(&name, progress)?;
        if !entry.exists() {
            fs::create_dir_all(cache.entry(".")).at("creating", &entry)?;
            let work = tempfile::Builder::new()
                .prefix("dumping-")
                .tempdir_in(cache.entry("."))
                .at("creating a temporary folder for", &entry)?;
            let made = step(progress, "preparing Kafka for fast starts (once)", || {
                dump(program, work.path())
            });
            // A folder without the file says that it was tried: it is not tried at every start.
            let finished = work.path().join("entry");
            fs::create_dir_all(&finished).at("creating", &finished)?;
            fs::rename(&finished, &entry).at("placing", &entry)?;
            made?;
        }
    }
    let file = entry.join("classes.jsa");
    if !file.exists() {
        return Ok(Vec::new());
    }
    Ok(vec![
        flag("-XX:SharedArchiveFile=", &file),
        "-Xlog:cds=off".into(),
        "-Xlog:cds+dynamic=off".into(),
    ])
}

/// Starts and ends a Kafka on data of its own; the archive is written as it ends.
fn dump(program: &Program, work: &Path) -> Result<(), Error> {
    let finished = work.join("entry");
    fs::create_dir_all(&finished).at("creating", &finished)?;
    let ports = Ports::load_or_choose(&work.join("ports.json"))?;
    let plain = Program {
        archive: Vec::new(),
        ..program.clone()
    };
    // Formatted without the flag, or the format tool would be what is archived.
    let mut launch: Launch =
        kafka::launch(&plain, &work.join("kafka"), ports, &Options::new(work))?;
    let file = finished.join("classes.jsa");
    launch
        .command
        .insert(1, flag("-XX:ArchiveClassesAtExit=", &file));
    launch.command.insert(1, "-Xlog:cds=off".into());
    launch.command.insert(1, "-Xlog:cds+dynamic=off".into());
    launch.grace = std::time::Duration::from_mins(1);
    let mut running = launch.run()?;
    running.terminate();
    if file.exists() {
        Ok(())
    } else {
        Err(launch.not_ready("left no class archive".to_owned()))
    }
}

fn flag(name: &str, file: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(file);
    flag
}

/// An archive is valid for one Java and one class path.
fn key(program: &Program) -> String {
    let mut hasher = Sha256::new();
    hasher.update(&program.java.version);
    hasher.update(program.java.program.as_os_str().as_encoded_bytes());
    hasher.update(program.kafka.class_path().as_encoded_bytes());
    hex(&hasher.finalize())[..16].to_owned()
}
