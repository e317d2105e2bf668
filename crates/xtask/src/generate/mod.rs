//! `cargo xtask generate`: writes what is made from the code and kept in the repository: pages of `docs`,
//! the chart's data, and the parts of `infra` that repeat for each service.
//!
//! A new service is in all of them by this command alone. Tests say when a file is out of date.

mod blocks;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use self::blocks::Service;
use crate::process;
use crate::workspace::Workspace;

/// The registry of services, from which the blocks are made.
const SERVICES: &str = "infra/helm/quadrille/files/services.json";
/// What `quadrille` prints, and where that is kept.
const PRINTED: &[(&[&str], &str)] = &[
    (&["services", "--json"], SERVICES),
    (&["config", "list"], "docs/configuration.md"),
    (&["choreography", "--markdown"], "docs/choreography.md"),
];

/// Writes all of it.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<bool> {
    let build = ["build", "--workspace", "--bin", "quadrille"];
    ensure!(
        process::shown(&mut workspace.cargo(build))?.success(),
        "quadrille could not be built; the errors are above"
    );
    let quadrille = workspace.program("quadrille", false);
    for (words, file) in PRINTED {
        let output = Command::new(&quadrille).args(*words).output()?;
        ensure!(
            output.status.success(),
            "quadrille {}: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout)?;
        write(&workspace.root().join(file), &text)?;
    }
    for (path, text) in outdated(workspace.root())? {
        write(&path, &text)?;
    }
    Ok(true)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    println!("{}", path.display());
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// The files of `infra` whose blocks are not those of the services, as they should be.
fn outdated(root: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let services: Vec<Service> = blocks::services(&fs::read_to_string(root.join(SERVICES))?)?;
    let mut files = Vec::new();
    collect(&root.join("infra"), &mut files)?;
    let mut outdated = Vec::new();
    for path in files {
        // What is no text has no blocks.
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let filled =
            blocks::filled(&text, &services).with_context(|| format!("{}", path.display()))?;
        if filled != text {
            outdated.push((path, filled));
        }
    }
    Ok(outdated)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_for_each_service_is_of_the_services_that_there_are() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let outdated: Vec<PathBuf> = outdated(&root)
            .unwrap()
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(outdated, Vec::<PathBuf>::new(), "run: cargo xtask generate");
    }
}
