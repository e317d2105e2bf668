//! `cargo xtask negative-controls`: takes each guard away and waits for the suite to notice.

use std::process::Command;

use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value, json};

use super::{
    figures::{load, save},
    guards::{GUARDS, Guard, VARIABLE},
    measure::{Tests, build, read},
};
use crate::{
    process,
    test::stack::{self, SharedStack},
    workspace::Workspace,
};

/// Enough seeds to catch whatever the simulation can see.
const SEEDS: &str = "1500";
/// Nextest's exit status when tests failed.
const TESTS_FAILED: i32 = 100;

/// What `cargo xtask negative-controls` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Take away this guard only; may be given several times
    #[arg(long, value_name = "GUARD", value_parser = PossibleValuesParser::new(GUARDS.iter().map(|guard| guard.name)))]
    only: Vec<String>,
    /// Leave out the tests on real servers
    #[arg(long)]
    without_servers: bool,
}

/// Runs the controls and keeps what caught each. Says whether every check noticed each guard that
/// it can see.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<bool> {
    let chosen: Vec<&Guard> = GUARDS
        .iter()
        .filter(|guard| args.only.is_empty() || args.only.iter().any(|name| name == guard.name))
        .collect();
    build(workspace, &["model", "simulation"])?;
    let real = if args.without_servers {
        None
    } else {
        let real = Real {
            tests: Tests::build(workspace, &["outbox", "products", "orders"])?,
            servers: stack::start()?,
        };
        real.baseline(&chosen)?;
        Some(real)
    };
    let mut kept = load(workspace.root(), "controls")?
        .and_then(|kept| kept.as_object().cloned())
        .unwrap_or_default();
    let mut all_caught = true;
    for guard in chosen {
        println!("\n== without {}", guard.name);
        let mut row = Map::new();
        if let Some(found) = by_model(workspace, guard)? {
            row.insert("model".to_owned(), found);
        }
        row.insert("simulation".to_owned(), by_simulation(workspace, guard)?);
        if let Some(real) = &real {
            row.insert("tests".to_owned(), real.without(guard)?);
        } else if let Some(before) = kept.get(guard.name).and_then(|row| row.get("tests")) {
            row.insert("tests".to_owned(), before.clone());
        }
        let missed: Vec<&str> = row
            .iter()
            .filter(|(_, found)| found["caught"] != true)
            .map(|(by, _)| by.as_str())
            .collect();
        if missed.is_empty() {
            println!("== without {}: caught", guard.name);
        } else {
            println!(
                "== without {}: NOT CAUGHT by {}",
                guard.name,
                missed.join(", ")
            );
            all_caught = false;
        }
        kept.insert(guard.name.to_owned(), Value::Object(row));
        save(workspace.root(), "controls", &Value::Object(kept.clone()))?;
    }
    if let Some(real) = real {
        real.servers.end();
    }
    println!("the table is in docs/reliability.md after `cargo xtask reliability`");
    Ok(all_caught)
}

fn by_model(workspace: &Workspace, guard: &Guard) -> anyhow::Result<Option<Value>> {
    if guard.model.is_empty() {
        return Ok(None);
    }
    let folder = tempfile::tempdir().context("a folder for the figures")?;
    let file = folder.path().join("model.json");
    let mut command = Command::new(workspace.program("check", false));
    command
        .args(["--faults", "1"])
        .args(guard.model)
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

fn by_simulation(workspace: &Workspace, guard: &Guard) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir().context("a folder for the figures")?;
    let file = folder.path().join("simulation.json");
    let mut command = Command::new(workspace.program("simulate", false));
    command
        .args(["--remove-guard", guard.name, "--seeds", SEEDS, "--json"])
        .arg(&file)
        .env_remove(VARIABLE);
    process::shown(&mut command)?;
    let found = read(&file)?;
    let failed = &found["failed"][0];
    Ok(json!({
        "caught": !failed.is_null(),
        "seconds": found["seconds"],
        "seed": failed["seed"],
        "by": failed["violations"][0],
    }))
}

/// The tests on real servers, built once.
struct Real {
    tests: Tests,
    servers: SharedStack,
}

impl Real {
    /// A test that fails anyway catches nothing.
    fn baseline(&self, guards: &[&Guard]) -> anyhow::Result<()> {
        println!("\n== with every guard standing");
        let filters: Vec<String> = guards.iter().map(|guard| filter(guard)).collect();
        let mut command = self.tests.command(&filters.join(" | "));
        self.servers.announce_to(&mut command);
        let status = process::shown(&mut command)?;
        if !status.success() {
            bail!("these tests have to pass before a guard is taken away: {status}");
        }
        Ok(())
    }

    /// Every one of the guard's tests is there because it has to notice.
    fn without(&self, guard: &Guard) -> anyhow::Result<Value> {
        let mut command = self.tests.command(&filter(guard));
        command.arg("--color=never").env(VARIABLE, guard.name);
        self.servers.announce_to(&mut command);
        let (status, lines) = process::read_along(&mut command)?;
        if !status.success() && status.code() != Some(TESTS_FAILED) {
            bail!(
                "the tests could not be run without {}: {status}",
                guard.name
            );
        }
        let failures = failures(&lines);
        let seconds = failures.iter().map(|(_, seconds)| *seconds);
        let names: Vec<&str> = failures.iter().map(|(name, _)| name.as_str()).collect();
        Ok(json!({
            "caught": names.len() == guard.tests.len(),
            "seconds": seconds.reduce(f64::min),
            "by": names,
        }))
    }
}

/// Exactly the guard's tests, as nextest's filter language has it.
fn filter(guard: &Guard) -> String {
    let one = |(package, name): &(&str, &str)| format!("package({package}) & test(/\\b{name}$/)");
    let all: Vec<String> = guard.tests.iter().map(one).collect();
    all.join(" | ")
}

/// The tests that failed and how long each ran, from nextest's lines, which come twice.
fn failures(lines: &[String]) -> Vec<(String, f64)> {
    let mut failed: Vec<(String, f64)> = Vec::new();
    for line in lines {
        let words = line.trim_start();
        let is_failure = ["FAIL ", "TIMEOUT ", "ABORT ", "SIG"]
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
        let name = name.rsplit("::").next().unwrap_or(name).to_owned();
        if is_failure && !failed.iter().any(|(known, _)| *known == name) {
            failed.push((name, seconds));
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_read_once_each() {
        let text = "        PASS [   0.311s] (1/3) outbox::it routes::fine\n\
                    \x20       FAIL [   1.250s] (2/3) outbox::it faults::batches::a_batch\n\
                    \x20    TIMEOUT [ 180.004s] (3/3) orders::it handlers::the_first\n\
                    \x20    Summary [ 181.0s] 3 tests run: 1 passed, 1 failed, 1 timed out\n\
                    \x20       FAIL [   1.250s] (2/3) outbox::it faults::batches::a_batch\n";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let expected = [
            ("a_batch".to_owned(), 1.25),
            ("the_first".to_owned(), 180.004),
        ];
        assert_eq!(failures(&lines), expected);
    }
}
