//! Every problem code in the source has a page, and every page is in the index.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The folder of the crate that makes problems, and those of the crates that depend on it.
fn with_problems() -> impl Iterator<Item = PathBuf> {
    let folders = fs::read_dir(workspace().join("crates")).unwrap();
    let depends = |manifest: &str| manifest.lines().any(|line| line.starts_with("service."));
    folders
        .map(|entry| entry.unwrap().path())
        .filter(move |folder| {
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            folder.ends_with("service") || depends(&manifest)
        })
}

/// The text that follows a status: in `Problem::new(status, "code", …)` and in tables of both.
fn codes_in(source: &str) -> impl Iterator<Item = &str> {
    let marks = ["Problem::new(", "Status::", "StatusCode::"];
    marks
        .into_iter()
        .flat_map(move |mark| source.split(mark).skip(1))
        .filter_map(|rest| {
            let (status, after) = rest.split_once(',')?;
            let is_status = status
                .trim()
                .chars()
                .all(|c| c.is_alphanumeric() || c == '_' || c == ':');
            let code = after.trim_start().strip_prefix('"')?.split('"').next()?;
            let is_code =
                !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            (is_status && is_code).then_some(code)
        })
}

#[test]
fn every_code_in_the_source_has_a_page() {
    let mut files = Vec::new();
    for folder in with_problems() {
        sources(&folder.join("src"), &mut files);
    }
    let pages: BTreeSet<_> = gateway::codes().collect();
    let mut seen = 0;
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        for code in codes_in(&source) {
            assert!(
                pages.contains(code),
                "`{code}` in {} has no page in docs/errors/",
                file.display()
            );
            seen += 1;
        }
    }
    assert!(
        seen > 8,
        "only {seen} codes were found: the search is broken"
    );
}

#[test]
fn the_pages_the_table_and_the_index_agree() {
    let folder = workspace().join("docs/errors");
    let files: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect();
    let table: Vec<_> = gateway::codes().collect();
    assert_eq!(files, table.iter().map(ToString::to_string).collect());
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    for code in table {
        assert!(
            index.contains(&format!("[{code}]({code}.md)")),
            "{code} is not in the index"
        );
        let page = fs::read_to_string(folder.join(format!("{code}.md"))).unwrap();
        for heading in ["Status: ", "## What happened", "## What to do"] {
            assert!(page.contains(heading), "{code} lacks `{heading}`");
        }
    }
}
