//! Words in a service's own files.

use std::path::Path;

use super::graph::Crate;
use super::rules;
use super::test_code::without_tests;
use super::tokens::{Token, tokens};
use super::violation::Violation;

/// Checks one file: `shown` is its path for messages, `inside` its path in the crate's `src`.
pub(crate) fn check(one: &Crate, shown: &Path, inside: &Path, text: &str) -> Vec<Violation> {
    let tokens = tokens(text);
    let at = |token: &Token<'_>, what: &str| format!("{}:{}: {what}", shown.display(), token.line);
    let mut found = Vec::new();
    if !inside.starts_with("store") && inside != Path::new("store.rs") {
        let words = tokens
            .iter()
            .filter(|token| rules::STORE_ONLY.contains(&token.text));
        found.extend(words.map(|token| Violation {
            edge: at(token, token.text),
            rule: format!(
                "{} is used only in crates/{}/src/store/",
                token.text, one.name
            ),
        }));
    }
    if inside.starts_with("domain") || inside == Path::new("domain.rs") {
        found.extend(
            domain(one, &tokens)
                .into_iter()
                .map(|(token, what, rule)| Violation {
                    edge: at(&token, &what),
                    rule,
                }),
        );
    }
    found
}

/// The domain's own tests may use what tests use.
fn domain<'a>(one: &Crate, tokens: &[Token<'a>]) -> Vec<(Token<'a>, String, String)> {
    let tokens = without_tests(tokens);
    let forbidden: Vec<String> = [&one.imports, &one.libraries]
        .into_iter()
        .flatten()
        .map(|name| name.replace('-', "_"))
        .filter(|name| !rules::DOMAIN_MAY_IMPORT.contains(&&**name))
        .collect();
    let text = |at: Option<usize>| {
        at.and_then(|at| tokens.get(at))
            .map_or("", |token| token.text)
    };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = text(at.checked_sub(1));
        let (after, next) = (text(Some(at + 1)), text(Some(at + 2)));
        if before == "::" {
            if rules::NOT_IN_DOMAIN_CALLS.contains(&token.text) && after == "(" {
                let what = format!("{}()", token.text);
                found.push((
                    *token,
                    what,
                    "the domain gets times and ids as arguments".to_owned(),
                ));
            }
            continue;
        }
        if before == "." || (after != "::" && before != "use") {
            continue;
        }
        let path = format!("{}::{next}", token.text);
        match token.text {
            name if forbidden.iter().any(|other| other == name) => found.push((
                *token,
                name.to_owned(),
                format!(
                    "domain/ imports only std, {}",
                    rules::DOMAIN_MAY_IMPORT.join(", ")
                ),
            )),
            "crate" if next != "domain" => {
                found.push((
                    *token,
                    path,
                    "domain/ imports nothing else of its crate".to_owned(),
                ));
            }
            "std" if rules::NOT_IN_DOMAIN_STD.contains(&next) => {
                found.push((*token, path, "the domain does no I/O".to_owned()));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(inside: &str, text: &str) -> Vec<String> {
        let orders = Crate {
            name: "orders".to_owned(),
            imports: vec!["events".to_owned(), "outbox".to_owned()],
            libraries: ["mongodb", "tokio", "jiff", "tower-http", "serde"]
                .map(str::to_owned)
                .to_vec(),
            test_libraries: vec!["proptest".to_owned()],
            ..Crate::default()
        };
        let path = Path::new(inside);
        let violations = check(&orders, path, path, text);
        violations
            .into_iter()
            .map(|violation| violation.edge)
            .collect()
    }

    #[test]
    fn bson_and_the_driver_stay_in_the_store() {
        let text = "use bson::doc;\n// mongodb is fine here\nfn f(mongodb_uri: &str) -> mongodb::Client {}";
        assert_eq!(found("store/mod.rs", text), Vec::<String>::new());
        assert_eq!(
            found("commands/place_orders.rs", text),
            [
                "commands/place_orders.rs:1: bson",
                "commands/place_orders.rs:3: mongodb"
            ]
        );
    }

    #[test]
    fn the_domain_imports_what_it_may() {
        let text = "use std::collections::BTreeMap;\nuse events::{OrderId, order::Line};\nuse crate::domain::status;\n\
                    use super::Order;\nuse serde::Serialize;\nuse jiff::Timestamp;\nlet http = x.tokio();";
        assert_eq!(found("domain/place.rs", text), Vec::<String>::new());
    }

    #[test]
    fn the_domain_imports_nothing_else() {
        let text = "use tokio::time;\nuse crate::store::Orders;\nuse outbox::Message;\n\
                    type A = tower_http::Thing;\nuse std::fs;\nlet t = jiff::Timestamp::now();";
        assert_eq!(
            found("domain/place.rs", text),
            [
                "domain/place.rs:1: tokio",
                "domain/place.rs:2: crate::store",
                "domain/place.rs:3: outbox",
                "domain/place.rs:4: tower_http",
                "domain/place.rs:5: std::fs",
                "domain/place.rs:6: now()",
            ]
        );
        assert_eq!(found("http/place.rs", text), Vec::<String>::new());
    }

    #[test]
    fn the_domains_tests_may_use_what_tests_use() {
        let text =
            "fn f() {}\n#[cfg(test)]\nmod tests { use tokio::test; fn g() { Uuid::now_v7(); } }";
        assert_eq!(found("domain.rs", text), Vec::<String>::new());
    }
}
