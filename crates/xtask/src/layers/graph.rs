//! Edges between crates.

use std::path::PathBuf;

use cargo_metadata::{DependencyKind, Metadata};

use super::rules;
use super::violation::Violation;

/// A crate of the workspace and what its manifest asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Whether it is a service.
    pub(crate) service: bool,
    /// In this workspace, for its code.
    pub(crate) imports: Vec<String>,
    /// From elsewhere, for its code.
    pub(crate) libraries: Vec<String>,
    /// From elsewhere, for its tests.
    pub(crate) test_libraries: Vec<String>,
}

pub(crate) fn crates(metadata: &Metadata) -> Vec<Crate> {
    let packages = metadata.workspace_packages();
    packages
        .iter()
        .map(|package| {
            let folder = package.manifest_path.as_std_path().with_file_name("");
            let library = std::fs::read_to_string(folder.join("src/lib.rs"));
            let service = library.is_ok_and(|text| text.contains(rules::SERVICE_MARK));
            let mut one = Crate {
                name: package.name.to_string(),
                folder,
                service,
                ..Crate::default()
            };
            for dependency in &package.dependencies {
                let name = dependency.name.clone();
                let for_tests = dependency.kind == DependencyKind::Development;
                match (dependency.path.is_some(), for_tests) {
                    (true, false) => one.imports.push(name),
                    (true, true) => {}
                    (false, false) => one.libraries.push(name),
                    (false, true) => one.test_libraries.push(name),
                }
            }
            one
        })
        .collect()
}

pub(crate) fn check(crates: &[Crate]) -> Vec<Violation> {
    crates
        .iter()
        .flat_map(|one| {
            let mut found = imports(one, crates);
            found.extend(libraries(one));
            found
        })
        .collect()
}

/// The crates that `one` may import.
fn allowed<'a>(one: &Crate, crates: &'a [Crate]) -> Option<Vec<&'a str>> {
    if one.service {
        return Some(rules::A_SERVICE.to_vec());
    }
    let (_, allowed) = rules::MAY_IMPORT
        .iter()
        .find(|(name, _)| *name == one.name)?;
    let mut allowed = allowed.to_vec();
    if rules::APPLICATIONS.contains(&one.name.as_str()) {
        let services = crates.iter().filter(|other| other.service);
        allowed.extend(services.map(|service| service.name.as_str()));
    }
    Some(allowed)
}

fn imports(one: &Crate, crates: &[Crate]) -> Vec<Violation> {
    let name = &one.name;
    let Some(allowed) = allowed(one, crates) else {
        return vec![Violation {
            edge: format!("{name} -> ?"),
            rule: format!(
                "every crate says whom it may import: add {name} to the table in \
                 docs/architecture.md and to crates/xtask/src/layers/rules.rs"
            ),
        }];
    };
    let forbidden = one
        .imports
        .iter()
        .filter(|import| !allowed.contains(&import.as_str()));
    forbidden
        .map(|import| {
            let rule = if rules::DEV_ONLY.contains(&&**import) {
                format!("{import} is for tests: it belongs in [dev-dependencies]")
            } else if allowed.is_empty() {
                format!("{name} imports no crate of the workspace")
            } else {
                format!("{name} imports only {}", allowed.join(", "))
            };
            Violation {
                edge: format!("{name} -> {import}"),
                rule,
            }
        })
        .collect()
}

fn libraries(one: &Crate) -> Vec<Violation> {
    let mut found = Vec::new();
    for (library, anywhere, tests) in rules::LIBRARIES {
        let name = &&*one.name;
        let uses = |list: &[String]| list.iter().any(|used| used == library);
        let of_services = rules::LIBRARIES_OF_SERVICES.contains(library);
        let may = anywhere.contains(name) || (one.service && of_services);
        if !may && uses(&one.libraries) {
            found.push(Violation {
                edge: format!("{name} -> {library}"),
                rule: format!("{library} is imported only by {}", anywhere.join(", ")),
            });
        }
        if !may && !tests.contains(name) && uses(&one.test_libraries) {
            found.push(Violation {
                edge: format!("{name} -> {library} (for its tests)"),
                rule: format!(
                    "{library} is used in tests only by {}",
                    [*anywhere, *tests].concat().join(", ")
                ),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, imports: &[&str], libraries: &[&str], test_libraries: &[&str]) -> Crate {
        let owned = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect();
        Crate {
            name: name.to_owned(),
            folder: PathBuf::new(),
            service: false,
            imports: owned(imports),
            libraries: owned(libraries),
            test_libraries: owned(test_libraries),
        }
    }

    fn service(name: &str, imports: &[&str]) -> Crate {
        Crate {
            service: true,
            ..named(name, imports, &["mongodb"], &[])
        }
    }

    fn edges(crates: &[Crate]) -> Vec<String> {
        check(crates)
            .into_iter()
            .map(|violation| violation.edge)
            .collect()
    }

    #[test]
    fn the_workspace_as_it_is_drawn_is_clean() {
        let crates = [
            named("outbox", &[], &["rdkafka", "mongodb", "tokio"], &[]),
            named("events", &["outbox"], &["serde"], &[]),
            service("orders", &["events", "outbox", "service"]),
            named("gateway", &["service", "events"], &["axum"], &[]),
            named("quadrille", &["orders", "devstack", "gateway"], &[], &[]),
            named("devstack", &[], &["bson"], &["rdkafka"]),
            named("e2e", &[], &[], &["mongodb", "rdkafka"]),
        ];
        assert_eq!(check(&crates), []);
    }

    #[test]
    fn every_forbidden_edge_is_named_with_its_rule() {
        let crates = [
            named("outbox", &["events"], &[], &[]),
            service("orders", &["products", "outbox", "testkit", "controls"]),
            named("gateway", &["outbox"], &["mongodb"], &[]),
            named("service", &[], &["rdkafka"], &[]),
        ];
        let expected = [
            "outbox -> events",
            "orders -> products",
            "orders -> testkit",
            "orders -> controls",
            "gateway -> outbox",
            "gateway -> mongodb",
            "service -> rdkafka",
        ];
        assert_eq!(edges(&crates), expected);
        let text = check(&crates)[1].to_string();
        assert!(
            text.contains("orders imports only events, host, outbox, replica, service"),
            "{text}"
        );
        for dev_only in &check(&crates)[2..4] {
            let text = dev_only.to_string();
            assert!(text.contains("[dev-dependencies]"), "{text}");
        }
    }

    #[test]
    fn tests_may_not_go_around_the_adapters_either() {
        let crates = [named("gateway", &["service"], &[], &["mongodb"])];
        assert_eq!(edges(&crates), ["gateway -> mongodb (for its tests)"]);
    }

    #[test]
    fn a_new_crate_has_to_say_whom_it_may_import() {
        let violations = check(&[named("payment", &[], &[], &[])]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].rule.contains("add payment to the table"));
    }
}
