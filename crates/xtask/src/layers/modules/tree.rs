//! The modules of one crate, and which file defines what they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::parse::{Module, parse};
use crate::layers::test_code::without_tests;
use crate::layers::tokens::tokens;

/// Source files by their path.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// From a file to a file, with the names that the first takes from the second.
pub(super) type Edges<'a> = BTreeMap<(&'a Path, &'a Path), BTreeSet<&'a str>>;

/// Re-exports may lead on to re-exports, but not for ever.
const MOST_STEPS: usize = 12;

/// Modules by their path from the crate's root, each with the file that it stands in.
#[derive(Default)]
pub(super) struct Tree<'a> {
    modules: BTreeMap<Vec<&'a str>, (&'a Path, Module<'a>)>,
}

#[derive(Debug)]
enum Found<'a> {
    Module(Vec<&'a str>),
    Item(&'a Path, &'a str),
}

impl<'a> Tree<'a> {
    /// What the file `root` declares, and the files below it.
    pub(super) fn new(root: &'a Path, files: &'a Files) -> Self {
        let mut tree = Self::default();
        let mut open = vec![(Vec::new(), root, read(&files[root]))];
        while let Some((path, file, mut module)) = open.pop() {
            for (name, inside) in std::mem::take(&mut module.children) {
                let path = [&path[..], &[name]].concat();
                if let Some(inside) = inside {
                    open.push((path, file, inside));
                } else if let Some((file, text)) = file_of(root, &path, files) {
                    open.push((path, file, read(text)));
                }
            }
            tree.modules.insert(path, (file, module));
        }
        tree
    }

    /// Adds what the files take from each other.
    pub(super) fn add_edges(&self, edges: &mut Edges<'a>) {
        for (path, (file, module)) in &self.modules {
            let begins_a_path = |name| module.paths.iter().any(|path| path[0] == name);
            let imports = module.imports.iter();
            let imports = imports
                // What is only passed on is not used here.
                .filter(|import| !import.passed_on || module.names.contains(import.name))
                // Such a path says more: the name may be a module's and a function's.
                .filter(|import| !begins_a_path(import.name))
                .map(|import| &import.path);
            let named = imports.chain(&module.globs).chain(&module.paths);
            let named = named.filter_map(|named| self.find(path, named, 0));
            let alone = module.names.iter();
            let by_glob = alone.filter_map(|name| self.find_in_globs(path, &[*name], 0));
            for found in named.chain(by_glob) {
                if let Found::Item(other, name) = found
                    && other != *file
                {
                    edges.entry((*file, other)).or_default().insert(name);
                }
            }
        }
    }

    /// What `named` means in the module `from`; nothing when it is of another crate.
    fn find(&self, from: &[&'a str], named: &[&'a str], steps: usize) -> Option<Found<'a>> {
        let (mut from, mut named) = (from.to_vec(), named);
        let mut is_ours = false;
        while let Some((first, rest)) = named.split_first() {
            match *first {
                "crate" => from.clear(),
                "super" => drop(from.pop()?),
                "self" => {}
                _ => break,
            }
            is_ours = true;
            named = rest;
        }
        self.find_in(&from, named, is_ours, steps)
    }

    fn find_in(
        &self,
        here: &[&'a str],
        named: &[&'a str],
        is_ours: bool,
        steps: usize,
    ) -> Option<Found<'a>> {
        if steps > MOST_STEPS {
            return None;
        }
        let Some((name, rest)) = named.split_first() else {
            return Some(Found::Module(here.to_vec()));
        };
        let (file, module) = self.modules.get(here)?;
        let child = [here, &[*name]].concat();
        let is_child = self.modules.contains_key(&child);
        if is_child && !rest.is_empty() {
            return self.find_in(&child, rest, true, steps + 1);
        }
        if module.items.contains(name) {
            return Some(Found::Item(file, name));
        }
        if let Some(import) = module.imports.iter().find(|import| import.name == *name) {
            let path = [&import.path[..], rest].concat();
            return self.find(here, &path, steps + 1);
        }
        if is_child {
            return Some(Found::Module(child));
        }
        // A macro may have defined it.
        let defined_here = is_ours.then_some(Found::Item(file, name));
        self.find_in_globs(here, named, steps).or(defined_here)
    }

    fn find_in_globs(
        &self,
        here: &[&'a str],
        named: &[&'a str],
        steps: usize,
    ) -> Option<Found<'a>> {
        let (_, module) = self.modules.get(here)?;
        module.globs.iter().find_map(|glob| {
            let Found::Module(other) = self.find(here, glob, steps + 1)? else {
                return None;
            };
            self.find_in(&other, named, false, steps + 1)
        })
    }
}

fn read(text: &str) -> Module<'_> {
    parse(&without_tests(&tokens(text)))
}

fn file_of<'a>(
    root: &Path,
    module: &[&str],
    files: &'a Files,
) -> Option<(&'a PathBuf, &'a String)> {
    let folder = root
        .with_file_name("")
        .join(module.iter().collect::<PathBuf>());
    files
        .get_key_value(&folder.with_extension("rs"))
        .or_else(|| files.get_key_value(&folder.join("mod.rs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "from -> to: names", without `.rs`.
    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let own = |(path, text): &(&str, &str)| (PathBuf::from(path), (*text).to_owned());
        let files: Files = files.iter().map(own).collect();
        let mut edges = Edges::new();
        Tree::new(Path::new("lib.rs"), &files).add_edges(&mut edges);
        let shown = edges.into_iter().map(|((from, to), names)| {
            let names: Vec<_> = names.into_iter().collect();
            format!(
                "{} -> {}: {}",
                from.display(),
                to.display(),
                names.join(", ")
            )
            .replace(".rs", "")
        });
        shown.collect()
    }

    #[test]
    fn imports_and_paths_lead_to_the_file_that_defines_the_item() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            (
                "a.rs",
                "use crate::b::B; use crate::c::{self, d}; fn a() { c::C::new(); d::D }",
            ),
            ("b.rs", "pub struct B; fn b() { super::c::d::run::<B>() }"),
            ("c/mod.rs", "pub mod d; pub struct C;"),
            ("c/d.rs", "pub struct D; pub fn run() {}"),
        ];
        assert_eq!(
            edges(&files),
            ["a -> b: B", "a -> c/d: D", "a -> c/mod: C", "b -> c/d: run"]
        );
    }

    #[test]
    fn a_parents_re_export_is_an_edge_to_the_childs_file() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use b::C as E;"),
            ("a.rs", "use crate::b::C; use crate::E; use super::b::F;"),
            (
                "b.rs",
                "mod c; mod f; pub(crate) use c::C; pub(crate) use f::*;",
            ),
            ("b/c.rs", "pub struct C;"),
            ("b/f.rs", "pub struct F;"),
        ];
        assert_eq!(edges(&files), ["a -> b/c: C", "a -> b/f: F"]);
    }

    #[test]
    fn a_parent_that_uses_what_it_passes_on_imports_it() {
        let files = [
            ("lib.rs", "mod a; pub use a::A; fn f() -> A {}"),
            ("a.rs", "pub struct A;"),
        ];
        assert_eq!(edges(&files), ["lib -> a: A"]);
    }

    #[test]
    fn a_module_and_a_function_may_have_one_name() {
        let files = [
            (
                "lib.rs",
                "mod run; mod b; mod c; use run::run; fn f() { run() } pub fn c() {}",
            ),
            ("b.rs", "fn b() { crate::run::run(); super::run() }"),
            ("c.rs", "pub fn d() {}"),
            ("run.rs", "use super::c; pub fn run() { c::d() }"),
        ];
        assert_eq!(
            edges(&files),
            ["b -> run: run", "lib -> run: run", "run -> c: d"]
        );
    }

    #[test]
    fn what_a_macro_defines_is_of_the_macros_file() {
        let files = [
            ("lib.rs", "mod a; mod ids; pub use ids::Id;"),
            ("a.rs", "use crate::Id;"),
            ("ids.rs", "id! { Id }"),
        ];
        assert_eq!(edges(&files), ["a -> ids: Id"]);
    }

    #[test]
    fn a_glob_takes_what_the_file_names() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use super::b::*; fn a(b: B) {}"),
            ("b.rs", "pub struct B; pub struct C;"),
        ];
        assert_eq!(edges(&files), ["a -> b: B"]);
    }

    #[test]
    fn other_crates_inline_modules_and_tests_make_no_edge() {
        let files = [
            ("lib.rs", "mod a; mod b; use tokio::a; use a as other;"),
            (
                "a.rs",
                "use b::B; mod c { pub struct C; } use c::C; #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            ("b.rs", "pub struct B; #[cfg(test)] mod tests;"),
            ("b/tests.rs", "use crate::a::c::C;"),
        ];
        assert_eq!(edges(&files), Vec::<String>::new());
    }
}
