//! Files of one crate that import each other in a circle.

mod circles;
mod parse;
mod tree;

use std::fmt::Write;
use std::path::Path;

use self::circles::circles;
use self::tree::{Edges, Tree};
use super::violation::Violation;

pub(crate) use self::tree::Files;

/// Checks the files of all crates; `exceptions` are imports, as file and file, that do not count.
pub(crate) fn check(files: &Files, exceptions: &[(&str, &str)]) -> Vec<Violation> {
    let mut edges = Edges::new();
    for root in files.keys().filter(|file| is_root(file)) {
        Tree::new(root, files).add_edges(&mut edges);
    }
    let known = |(from, to): (&Path, &Path)| {
        let exception = |(known_from, known_to): &(&str, &str)| {
            from == Path::new(known_from) && to == Path::new(known_to)
        };
        exceptions.iter().position(exception)
    };
    let needed: Vec<_> = circles(&edges)
        .iter()
        .flat_map(Edges::keys)
        .filter_map(|edge| known(*edge))
        .collect();
    let mut violations = Vec::new();
    for (at, (from, to)) in exceptions.iter().enumerate() {
        if !needed.contains(&at) {
            violations.push(Violation {
                edge: format!("{from} -> {to}"),
                rule: "this exception is no longer needed: delete it".to_owned(),
            });
        }
    }
    edges.retain(|edge, _| known(*edge).is_none());
    violations.extend(circles(&edges).iter().map(|circle| {
        Violation {
            edge: shown(circle),
            rule: "files of a crate do not import each other in a circle: what both need \
               belongs into a file that both import"
                .to_owned(),
        }
    }));
    violations
}

/// A file that the compiler begins with.
fn is_root(file: &Path) -> bool {
    let folder = file.parent().and_then(Path::file_name);
    file.ends_with("src/lib.rs")
        || file.ends_with("src/main.rs")
        || folder.is_some_and(|folder| folder == "bin")
}

fn shown(circle: &Edges<'_>) -> String {
    let mut text = "a circle of files:".to_owned();
    for ((from, to), names) in circle {
        let names: Vec<_> = names.iter().copied().collect();
        let (from, to) = (from.display(), to.display());
        let _ = write!(text, "\n  {from} -> {to}: {}", names.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn found(exceptions: &[(&str, &str)]) -> Vec<Violation> {
        let files = [
            ("a/src/lib.rs", "mod b; mod c; mod d; pub use b::B;"),
            ("a/src/b.rs", "use crate::c::C; pub struct B;"),
            ("a/src/c.rs", "use crate::B; use crate::d::D; pub struct C;"),
            ("a/src/d.rs", "pub struct D;"),
        ];
        let own = |(path, text): (&str, &str)| (PathBuf::from(path), text.to_owned());
        check(&files.into_iter().map(own).collect(), exceptions)
    }

    #[test]
    fn a_circle_is_named_with_what_ties_it() {
        let violations = found(&[]);
        assert_eq!(violations.len(), 1);
        assert_eq!(
            violations[0].edge,
            "a circle of files:\n  a/src/b.rs -> a/src/c.rs: C\n  a/src/c.rs -> a/src/b.rs: B"
        );
    }

    #[test]
    fn an_exception_holds_until_its_circle_is_broken() {
        assert_eq!(found(&[("a/src/c.rs", "a/src/b.rs")]), []);
        let violations = found(&[("a/src/c.rs", "a/src/b.rs"), ("a/src/c.rs", "a/src/d.rs")]);
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].edge, "a/src/c.rs -> a/src/d.rs");
        assert!(violations[0].rule.contains("no longer needed"));
    }
}
