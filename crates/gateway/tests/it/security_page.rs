//! What docs/security.md says is shown by a test is.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "ts")
        {
            found.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut seen = 0;
    for row in page.lines().filter(|line| line.matches('|').count() == 4) {
        // `crate: `test`, `test`; crate: `test``
        let shown = row.split('|').nth(3).unwrap();
        for part in shown.split(';').filter(|part| part.contains('`')) {
            let (owner, tests) = part
                .split_once(':')
                .unwrap_or_else(|| panic!("whose: {part}"));
            let owner = owner.trim();
            let folders = match owner {
                "web" => [root.join("web/src"), root.join("web/e2e")],
                name => ["src", "tests"].map(|end| root.join("crates").join(name).join(end)),
            };
            let mut text = String::new();
            for folder in folders.iter().filter(|folder| folder.is_dir()) {
                sources(folder, &mut text);
            }
            for test in tests.split('`').skip(1).step_by(2) {
                let is_there = match owner {
                    "web" => text.contains(&format!("test(\"{test}\"")),
                    _ => text.contains(&format!("fn {test}(")),
                };
                assert!(is_there, "{owner} has no test `{test}`");
                seen += 1;
            }
        }
    }
    assert!(
        seen > 20,
        "only {seen} tests were found: the search is broken"
    );
}
