//! Runs a check for its figures.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::results::save;
use crate::test::stack;
use crate::workspace::{Workspace, without_package_variables};
use crate::{install, process};

/// How many seeds the ordinary test run has.
const SEEDS: &str = "10000";

/// The checks that `--measure` takes.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ["model", "simulation", "faults"].into_iter()
}

/// Runs the check and keeps its figures. It has to pass.
pub(super) fn run(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("a folder for the figures")?;
    let file = folder.path().join("figures.json");
    let mut command = match name {
        "model" => {
            build(workspace, &["model"])?;
            Command::new(workspace.program("check", false))
        }
        "simulation" => {
            build(workspace, &["simulation"])?;
            let mut command = Command::new(workspace.program("simulate", false));
            command.args(["--seeds", SEEDS]);
            command
        }
        "faults" => return faults(workspace, &file),
        other => bail!("{other} is not measured here"),
    };
    command.arg("--json").arg(&file);
    let status = process::shown(&mut command)?;
    if !status.success() {
        bail!("{name} ended with {status}: figures are taken of checks that pass");
    }
    save(workspace.root(), name, &read(&file)?)
}

/// The tests that inject faults, which gather their own figures.
fn faults(workspace: &Workspace, file: &Path) -> anyhow::Result<()> {
    let tests = Tests::build(workspace, &["outbox", "products", "orders"])?;
    let servers = stack::start()?;
    let mut command = tests.command("test(faults)");
    command.env("QUADRILLE_FAULT_REPORT", file);
    servers.announce_to(&mut command);
    let status = process::shown(&mut command)?;
    servers.end();
    if !status.success() {
        bail!("the fault tests ended with {status}: figures are taken of checks that pass");
    }
    save(workspace.root(), "faults", &read(file)?)
}

/// Test programs that are built once and run many times.
pub(super) struct Tests {
    program: PathBuf,
    root: PathBuf,
    /// What nextest has to be told of the build; gone with this value.
    folder: TempDir,
}

impl Tests {
    pub(super) fn build(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<Self> {
        let tests = Self {
            program: install::nextest::ensure(true)?,
            root: workspace.root().to_owned(),
            folder: tempfile::tempdir().context("a folder for the build's description")?,
        };
        let mut list = Command::new(&tests.program);
        list.args(["nextest", "list", "--list-type", "binaries-only"])
            .args(["--message-format", "json"])
            .args(packages.iter().flat_map(|name| ["--package", name]))
            .current_dir(&tests.root);
        without_package_variables(&mut list);
        tests.keep("binaries.json", &mut list)?;
        let mut metadata = workspace.cargo(["metadata", "--format-version", "1"]);
        tests.keep("metadata.json", &mut metadata)?;
        Ok(tests)
    }

    fn keep(&self, name: &str, command: &mut Command) -> anyhow::Result<()> {
        let path = self.folder.path().join(name);
        let file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
        let status = process::shown(command.stdout(file))?;
        if !status.success() {
            bail!("the tests were not built: {status}");
        }
        Ok(())
    }

    /// Runs the tests of this filter, also those that an ordinary run leaves out.
    pub(super) fn command(&self, filter: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args([
                "nextest",
                "run",
                "--no-fail-fast",
                "--ignore-default-filter",
            ])
            .args(["--color=never", "--filterset", filter])
            .arg("--binaries-metadata")
            .arg(self.folder.path().join("binaries.json"))
            .arg("--cargo-metadata")
            .arg(self.folder.path().join("metadata.json"))
            .current_dir(&self.root);
        without_package_variables(&mut command);
        command
    }
}

pub(super) fn build(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.cargo(["build"]);
    command.args(packages.iter().flat_map(|name| ["--package", name]));
    let status = process::shown(&mut command)?;
    if !status.success() {
        bail!("{} could not be built", packages.join(" and "));
    }
    Ok(())
}

/// The figures that a check has left.
pub(super) fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the check left no figures in {}", file.display()))?;
    serde_json::from_str(&text).context("the check's figures are not JSON")
}
