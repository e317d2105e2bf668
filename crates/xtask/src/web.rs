//! The web UI: its packages, its checks, its build.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::bail;

use crate::process;
use crate::workspace::Workspace;

/// What the built UI consists of, for telling whether it is of today.
const SOURCES: [&str; 5] = [
    "src",
    "public",
    "index.html",
    "openapi.json",
    "package-lock.json",
];

/// `npm WORDS` in `web/`.
pub(crate) fn npm<'a>(workspace: &Workspace, words: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("npm");
    command
        .args(words)
        .current_dir(workspace.root().join("web"))
        // The scripts run on the Node that package.json brings; the older one that runs npm
        // itself would warn of it at every package.
        .env("npm_config_engine_strict", "false")
        .env("npm_config_loglevel", "error")
        .env("npm_config_fund", "false")
        .env("npm_config_audit", "false");
    command
}

/// Installs the packages that the lock file names, unless those are there.
pub(crate) fn ensure_packages(workspace: &Workspace) -> anyhow::Result<()> {
    let web = workspace.root().join("web");
    let installed = changed(&web.join("node_modules/.package-lock.json"));
    if installed
        .is_some_and(|at| changed(&web.join("package-lock.json")).is_some_and(|lock| lock <= at))
    {
        return Ok(());
    }
    eprintln!("installing the web UI's packages (npm ci)");
    if !process::shown(&mut npm(workspace, ["ci"]))?.success() {
        bail!("the web UI's packages could not be installed; npm's reasons are above");
    }
    Ok(())
}

/// Builds the UI unless what is built is newer than its sources.
pub(crate) fn ensure_built(workspace: &Workspace) -> anyhow::Result<()> {
    let web = workspace.root().join("web");
    let built = changed(&web.join("dist/index.html"));
    let newest = SOURCES
        .iter()
        .filter_map(|name| newest(&web.join(name)))
        .max();
    if built.is_some_and(|built| newest.is_some_and(|newest| newest <= built)) {
        return Ok(());
    }
    ensure_packages(workspace)?;
    eprintln!("building the web UI (npm run build)");
    if !process::shown(&mut npm(workspace, ["run", "--silent", "build"]))?.success() {
        bail!("the web UI could not be built; the errors are above");
    }
    Ok(())
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The time of the newest file below `path`.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = fs::read_dir(path) else {
        return changed(path);
    };
    entries
        .flatten()
        .filter_map(|entry| newest(&entry.path()))
        .max()
}
