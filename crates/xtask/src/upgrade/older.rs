//! The program as it was at some commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::workspace::Workspace;
use crate::{install, process};

/// `quadrille` of `rev`, built unless it was built before.
///
/// Its files are taken from git's store, so that neither the checkout nor git's own state changes.
/// All older builds share a target folder: what they do not share with each other is little.
pub(super) fn program(workspace: &Workspace, rev: Option<&str>) -> anyhow::Result<PathBuf> {
    let root = workspace.root();
    let rev = match rev {
        Some(rev) => rev.to_owned(),
        None => newest(root)?,
    };
    let commit = git(
        root,
        &["rev-parse", "--verify", &format!("{rev}^{{commit}}")],
    )
    .with_context(|| format!("there is no commit {rev}"))?;
    let all = workspace.metadata().target_directory.as_std_path();
    let all = all.join("upgrade");
    let program = all.join(&commit).join("quadrille");
    if program.is_file() {
        return Ok(program);
    }
    install::for_up(true)?;
    let source = all.join(&commit).join("source");
    unpack(root, &commit, &source)?;
    println!("building {rev} ({commit}) in {}", source.display());
    let target = all.join("build");
    let mut build = workspace.cargo(["build", "--locked", "-p", "quadrille", "--bin", "quadrille"]);
    build.current_dir(&source).env("CARGO_TARGET_DIR", &target);
    if !process::shown(&mut build)?.success() {
        bail!("{rev} could not be built; the errors are above");
    }
    fs::copy(target.join("debug/quadrille"), &program)
        .with_context(|| format!("{} can't be written", program.display()))?;
    Ok(program)
}

/// The newest release that this commit comes after; before the first one, the commit itself.
fn newest(root: &Path) -> anyhow::Result<String> {
    git(root, &["describe", "--tags", "--abbrev=0", "--match", "v*"])
        .or_else(|_| git(root, &["rev-parse", "HEAD"]))
}

fn unpack(root: &Path, commit: &str, source: &Path) -> anyhow::Result<()> {
    // What an earlier attempt left may be of half a commit.
    if source.exists() {
        fs::remove_dir_all(source)
            .with_context(|| format!("{} can't be removed", source.display()))?;
    }
    fs::create_dir_all(source).with_context(|| format!("{} can't be created", source.display()))?;
    let archive = source.with_extension("tar");
    let output = format!("--output={}", archive.display());
    git(root, &["archive", "--format=tar", &output, commit])?;
    process::quiet(
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(source),
    )?;
    fs::remove_file(&archive)?;
    Ok(())
}

fn git(root: &Path, words: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .args(words)
        .current_dir(root)
        .output()
        .context("running git")?;
    ensure!(
        output.status.success(),
        "git {}: {}",
        words.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_unpacked_whole_and_an_unknown_one_is_named() {
        let workspace = Workspace::find().unwrap();
        let head = git(workspace.root(), &["rev-parse", "HEAD"]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        for _ in 0..2 {
            unpack(workspace.root(), &head, &source).unwrap();
            assert!(source.join("crates/quadrille/src/main.rs").is_file());
        }
        let error = program(&workspace, Some("no-such-tag")).unwrap_err();
        assert!(error.to_string().contains("no-such-tag"), "{error:#}");
    }
}
