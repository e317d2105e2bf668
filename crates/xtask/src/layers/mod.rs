//! `cargo xtask check-layers`: who may import whom.
//!
//! `graph` looks at the crates' dependencies, `source` at the words in the services' own files;
//! `rules` is the table that both hold.

mod graph;
mod rules;
mod source;
mod tokens;

use std::{fmt, fs, path::Path};

use anyhow::Context;

use crate::workspace::Workspace;

/// Something that is imported where it may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// "orders -> products", or a file with its line and what is in it.
    edge: String,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    rule: {}", self.edge, self.rule)
    }
}

/// Prints every violation; says whether there is none.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<bool> {
    let crates = graph::crates(workspace.metadata());
    let mut violations = graph::check(&crates);
    let mut files = 0;
    for one in crates.iter().filter(|one| one.service) {
        for (path, text) in rust_files(&one.folder.join("src"))? {
            let shown = path.strip_prefix(workspace.root()).unwrap_or(&path);
            let inside = path.strip_prefix(one.folder.join("src")).unwrap_or(&path);
            violations.extend(source::check(one, shown, inside, &text));
            files += 1;
        }
    }
    for violation in &violations {
        println!("{violation}");
    }
    println!(
        "{} crates and {files} source files of services: {} import(s) that the layers forbid",
        crates.len(),
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
