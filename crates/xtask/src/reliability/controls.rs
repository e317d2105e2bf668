//! `cargo xtask negative-controls`: breaks each rule and waits for the check that guards it to notice.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value, json};

use super::measure::{Tests, build, read};
use super::results::{load, save};
use super::rules::{RULES, Rule};
use crate::process;
use crate::test::stack::{self, SharedStack};
use crate::workspace::Workspace;

/// Enough seeds to catch whatever the simulation can see.
const SEEDS: &str = "1500";
/// Nextest's exit status when tests failed.
const TESTS_FAILED: i32 = 100;
/// The crates whose tests on real servers have controls.
const PACKAGES: &[&str] = &["outbox", "products", "orders", "replica"];

/// What `cargo xtask negative-controls` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Break this rule only; may be given several times
    #[arg(long, value_name = "RULE", value_parser = PossibleValuesParser::new(RULES.iter().map(|rule| rule.name)))]
    only: Vec<String>,
    /// Leave out the tests on real servers
    #[arg(long)]
    without_servers: bool,
}

/// Runs the controls and keeps what caught each. Says whether every check noticed each rule that
/// it guards.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<bool> {
    let chosen: Vec<&Rule> = RULES
        .iter()
        .filter(|rule| args.only.is_empty() || args.only.iter().any(|name| name == rule.name))
        .collect();
    build(workspace, &["model", "simulation"])?;
    let real = if args.without_servers {
        None
    } else {
        Some(on_real_servers(workspace, &chosen)?)
    };
    let mut kept = load(workspace.root(), "controls")?
        .and_then(|kept| kept.as_object().cloned())
        .unwrap_or_default();
    kept.retain(|name, _| RULES.iter().any(|rule| rule.name == name));
    let mut all_caught = true;
    for rule in chosen {
        println!("\n== without {}", rule.name);
        let mut row = Map::new();
        if let Some(found) = by_model(workspace, rule)? {
            row.insert("model".to_owned(), found);
        }
        row.insert("simulation".to_owned(), by_simulation(workspace, rule)?);
        if let Some(controls) = &real {
            row.insert("tests".to_owned(), by_tests(controls, rule));
        } else if let Some(before) = kept.get(rule.name).and_then(|row| row.get("tests")) {
            row.insert("tests".to_owned(), before.clone());
        }
        let missed: Vec<&str> = row
            .iter()
            .filter(|(_, found)| found["caught"] != true)
            .map(|(by, _)| by.as_str())
            .collect();
        if missed.is_empty() {
            println!("== without {}: caught", rule.name);
        } else {
            let missed = missed.join(", ");
            println!("== without {}: NOT CAUGHT by {missed}", rule.name);
            all_caught = false;
        }
        kept.insert(rule.name.to_owned(), Value::Object(row));
        save(workspace.root(), "controls", &Value::Object(kept.clone()))?;
    }
    println!("the table is in docs/reliability.md after `cargo xtask reliability`");
    Ok(all_caught)
}

fn by_model(workspace: &Workspace, rule: &Rule) -> anyhow::Result<Option<Value>> {
    if rule.model.is_empty() {
        return Ok(None);
    }
    let folder = tempfile::tempdir().context("a folder for the figures")?;
    let file = folder.path().join("model.json");
    let mut command = Command::new(workspace.program("check", false));
    command
        .args(["--faults", "1"])
        .args(rule.model)
        .arg("--json")
        .arg(&file);
    process::shown(&mut command)?;
    let found = read(&file)?;
    Ok(Some(json!({
        "caught": !found.is_null(),
        "seconds": found["seconds"],
        "by": found["promise"],
        "steps": found["steps"].as_array().map(Vec::len),
    })))
}

fn by_simulation(workspace: &Workspace, rule: &Rule) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir().context("a folder for the figures")?;
    let file = folder.path().join("simulation.json");
    let mut command = Command::new(workspace.program("simulate", false));
    command
        .args(["--without", rule.name, "--seeds", SEEDS, "--json"])
        .arg(&file);
    process::shown(&mut command)?;
    let found = read(&file)?;
    let caught = &found["caught"];
    Ok(json!({
        "caught": !caught.is_null(),
        "seconds": found["seconds"],
        "seed": caught["seed"],
        "check": caught["check"],
        "by": caught["by"],
    }))
}

/// Runs the rules' controls on real servers: tests over an adapter that breaks the rule, which pass
/// when the assertion that they name fails. Over the right adapter the same tests have to pass:
/// one that fails anyway catches nothing.
fn on_real_servers(workspace: &Workspace, rules: &[&Rule]) -> anyhow::Result<Vec<Ended>> {
    let tests = Tests::build(workspace, PACKAGES)?;
    let servers = stack::start()?;
    println!("\n== with a broken rule each");
    let modules: Vec<String> = rules.iter().map(|rule| rule.module()).collect();
    let filter = format!("test(/^({})::/)", modules.join("|"));
    let controls = ended(&tests, &servers, &filter)?;
    println!("\n== the same tests with no rule broken");
    let names: BTreeSet<&str> = controls.iter().map(Ended::case).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let filter = format!(
        "test(/\\b({})$/) & not test(/^controls::/)",
        names.join("|")
    );
    let right = ended(&tests, &servers, &filter)?;
    servers.end();
    for name in names {
        let mut same = right.iter().filter(|test| test.case() == name).peekable();
        if same.peek().is_none() || same.any(|test| !test.passed) {
            bail!("{name} has to pass where no rule is broken");
        }
    }
    Ok(controls)
}

/// A test that has ended.
#[derive(Debug, PartialEq)]
struct Ended {
    name: String,
    passed: bool,
    seconds: f64,
}

impl Ended {
    fn case(&self) -> &str {
        self.name.rsplit("::").next().unwrap_or(&self.name)
    }
}

fn ended(tests: &Tests, servers: &SharedStack, filter: &str) -> anyhow::Result<Vec<Ended>> {
    let mut command = tests.command(filter);
    servers.announce_to(&mut command);
    let (status, lines) = process::read_along(&mut command)?;
    if !status.success() && status.code() != Some(TESTS_FAILED) {
        bail!("the tests could not be run: {status}");
    }
    Ok(outcomes(&lines))
}

/// Every one of the rule's controls is there because it has to notice.
fn by_tests(controls: &[Ended], rule: &Rule) -> Value {
    let module = format!("{}::", rule.module());
    let ours = controls
        .iter()
        .filter(|test| test.name.starts_with(&module));
    let ours: Vec<&Ended> = ours.collect();
    let caught = !ours.is_empty() && ours.iter().all(|test| test.passed);
    let seconds = ours.iter().map(|test| test.seconds).reduce(f64::min);
    let names: Vec<&str> = ours.iter().map(|test| test.case()).collect();
    json!({ "caught": caught, "seconds": seconds, "by": names })
}

/// How the tests ended and how long each ran, from nextest's lines; those of failures come twice.
fn outcomes(lines: &[String]) -> Vec<Ended> {
    let mut all: Vec<Ended> = Vec::new();
    for line in lines {
        let words = line.trim_start();
        let passed = words.starts_with("PASS ");
        let failed = ["FAIL ", "TIMEOUT ", "ABORT ", "SIG"]
            .iter()
            .any(|word| words.starts_with(word));
        let Some((seconds, rest)) = words
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once("s]"))
        else {
            continue;
        };
        let (Some(name), Ok(seconds)) = (
            rest.split_whitespace().last(),
            seconds.trim().trim_start_matches('>').parse::<f64>(),
        ) else {
            continue;
        };
        if (passed || failed) && !all.iter().any(|known| known.name == name) {
            all.push(Ended {
                name: name.to_owned(),
                passed,
                seconds,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_tests_ended_is_read_once_each() {
        let text = "        PASS [   0.311s] (1/3) outbox::it controls::lease::fine\n\
                    \x20       FAIL [   1.250s] (2/3) outbox::it controls::lease::a_batch\n\
                    \x20    TIMEOUT [ 180.004s] (3/3) orders::it controls::lease::the_first\n\
                    \x20    Summary [ 181.0s] 3 tests run: 1 passed, 1 failed, 1 timed out\n\
                    \x20       FAIL [   1.250s] (2/3) outbox::it controls::lease::a_batch\n";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let all = outcomes(&lines);
        let found: Vec<_> = all.iter().map(|test| (test.case(), test.passed)).collect();
        assert_eq!(
            found,
            [("fine", true), ("a_batch", false), ("the_first", false)]
        );
        let rule = RULES.iter().find(|rule| rule.name == "lease").unwrap();
        let [caught, seconds] = ["caught", "seconds"].map(|key| by_tests(&all, rule)[key].clone());
        assert_eq!((caught, seconds), (json!(false), json!(0.311)));
    }

    #[test]
    fn a_rule_without_a_control_is_not_caught() {
        assert_eq!(by_tests(&[], &RULES[0])["caught"], false);
    }
}
