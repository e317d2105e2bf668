//! One module's text: what it defines, what it imports and what it names.

use std::collections::BTreeSet;

use crate::layers::test_code::behind_brackets;
use crate::layers::tokens::Token;

/// A module, without what its child modules say.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    pub(super) items: BTreeSet<&'a str>,
    /// With their text when it stands in the same file.
    pub(super) children: Vec<(&'a str, Option<Module<'a>>)>,
    pub(super) imports: Vec<Import<'a>>,
    pub(super) globs: Vec<Vec<&'a str>>,
    /// Paths of two or more names, as in `ports::free()`.
    pub(super) paths: Vec<Vec<&'a str>>,
    /// Names that stand alone or begin a path.
    pub(super) names: BTreeSet<&'a str>,
}

/// `use path as name`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import<'a> {
    pub(super) name: &'a str,
    pub(super) path: Vec<&'a str>,
    /// `pub use` or `pub(crate) use`.
    pub(super) passed_on: bool,
}

pub(super) fn parse<'a>(tokens: &[Token<'a>]) -> Module<'a> {
    let mut module = Module::default();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let (mut at, mut depth) = (0, 0_usize);
    while at < tokens.len() {
        let before = at.checked_sub(1).map_or("", text);
        match (text(at), text(at + 1)) {
            ("use", next) if next != "<" => {
                let passed_on = matches!(before, "pub" | ")");
                at = use_tree(tokens, at + 1, &[], passed_on, &mut module);
                continue;
            }
            ("mod", name) if text(at + 2) == "{" => {
                let end = behind_brackets(tokens, at + 2);
                let inside = parse(&tokens[at + 3..end.saturating_sub(1)]);
                module.children.push((name, Some(inside)));
                at = end;
                continue;
            }
            ("mod", name) if text(at + 2) == ";" => module.children.push((name, None)),
            ("macro_rules", "!") => {
                module.items.insert(text(at + 2));
            }
            ("fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static", name)
                if depth == 0 =>
            {
                module.items.insert(name);
            }
            ("{" | "(" | "[", _) => depth += 1,
            ("}" | ")" | "]", _) => depth = depth.saturating_sub(1),
            (name, next) if is_name(name) && !matches!(before, "::" | "." | "fn" | "mod") => {
                module.names.insert(name);
                if next == "::" {
                    module.paths.push(path(tokens, at));
                }
            }
            _ => {}
        }
        at += 1;
    }
    module
}

/// Reads the tree at `at`; returns the place behind it.
fn use_tree<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    passed_on: bool,
    module: &mut Module<'a>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    match text(at) {
        "::" => use_tree(tokens, at + 1, prefix, passed_on, module),
        "*" => {
            module.globs.push(prefix.to_vec());
            at + 1
        }
        "{" => {
            at += 1;
            while !matches!(text(at), "}" | "") {
                at = use_tree(tokens, at, prefix, passed_on, module);
                if text(at) == "," {
                    at += 1;
                }
            }
            at + 1
        }
        name => {
            let mut path = prefix.to_vec();
            if name != "self" || prefix.is_empty() {
                path.push(name);
            }
            let name = path.last().copied().unwrap_or_default();
            let (name, end) = match text(at + 1) {
                "::" => return use_tree(tokens, at + 2, &path, passed_on, module),
                "as" => (text(at + 2), at + 3),
                _ => (name, at + 1),
            };
            module.imports.push(Import {
                name,
                path,
                passed_on,
            });
            end
        }
    }
}

fn path<'a>(tokens: &[Token<'a>], mut at: usize) -> Vec<&'a str> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut path = vec![text(at)];
    while text(at + 1) == "::" && is_name(text(at + 2)) {
        path.push(text(at + 2));
        at += 2;
    }
    path
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::tokens::tokens;

    #[test]
    fn items_children_and_names_are_found() {
        let tokens = tokens(
            "mod a; mod b { pub fn c() {} } pub(crate) const fn d(e: F) -> g::H { i::j::<K>(); l.m() } \
             struct N; impl N { fn o() { fn p() {} } }",
        );
        let module = parse(&tokens);
        assert_eq!(module.items, BTreeSet::from(["fn", "d", "N"]));
        assert_eq!(module.paths, [vec!["g", "H"], vec!["i", "j"]]);
        let children: Vec<_> = module.children.iter().map(|(name, _)| *name).collect();
        assert_eq!(children, ["a", "b"]);
        let inside = module.children[1].1.as_ref().unwrap();
        assert_eq!(inside.items, BTreeSet::from(["c"]));
        assert!(module.names.contains("F"));
        assert!(!module.names.contains("m"));
    }

    #[test]
    fn trees_of_imports_are_taken_apart() {
        let tokens = tokens("use a::{self, b::{C, D as E}, f::*}; pub use super::G; use ::h::I;");
        let module = parse(&tokens);
        let import = |name, path: &[&'static str], passed_on| Import {
            name,
            path: path.to_vec(),
            passed_on,
        };
        assert_eq!(
            module.imports,
            [
                import("a", &["a"], false),
                import("C", &["a", "b", "C"], false),
                import("E", &["a", "b", "D"], false),
                import("G", &["super", "G"], true),
                import("I", &["h", "I"], false),
            ]
        );
        assert_eq!(module.globs, [["a", "f"]]);
    }
}
