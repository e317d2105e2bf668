//! `cargo xtask check-layers`: who may import whom.
//!
//! `graph` looks at the crates' dependencies, `source` at the words in the services' own files,
//! `modules` for circles among the files of a crate; `rules` is the table that they hold.

mod graph;
mod modules;
mod rules;
mod source;
mod test_code;
mod tokens;
mod violation;

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::workspace::Workspace;

/// Prints every violation; says whether there is none.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<bool> {
    let crates = graph::crates(workspace.metadata());
    let mut violations = graph::check(&crates);
    let mut files = modules::Files::new();
    for one in &crates {
        let folder = one.folder.join("src");
        for (path, text) in rust_files(&folder)? {
            let shown = path.strip_prefix(workspace.root()).unwrap_or(&path);
            if one.service {
                let inside = path.strip_prefix(&folder).unwrap_or(&path);
                violations.extend(source::check(one, shown, inside, &text));
            }
            files.insert(shown.to_owned(), text);
        }
    }
    violations.extend(modules::check(&files, rules::KNOWN_CIRCLES));
    for violation in &violations {
        println!("{violation}");
    }
    println!(
        "{} crates and {} source files: {} import(s) that the layers forbid",
        crates.len(),
        files.len(),
        violations.len()
    );
    Ok(violations.is_empty())
}

fn rust_files(folder: &Path) -> anyhow::Result<Vec<(std::path::PathBuf, String)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("reading {}", path.display()))?;
                found.push((path, text));
            }
        }
    }
    found.sort();
    Ok(found)
}
