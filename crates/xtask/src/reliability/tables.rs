//! The page's tables.

use std::fmt::Write as _;

use anyhow::Context;
use serde_json::Value;

use super::results::{CHECKS, Results, shown};
use super::rules::RULES;

/// What makes the figures anew.
pub(super) fn commands() -> String {
    let mut table = "| figures of | command |\n|---|---|\n".to_owned();
    for (check, command) in CHECKS {
        let _ = writeln!(table, "| {check} | `{command}` |");
    }
    table.trim_end().to_owned()
}

/// What the model promises, one line each.
pub(super) fn promises(results: &Results) -> anyhow::Result<String> {
    let promises = results
        .at("model.promises")?
        .as_array()
        .context("the model's promises are no list")?;
    let lines = promises.iter().filter_map(Value::as_str);
    Ok(lines
        .map(|line| format!("- {line}"))
        .collect::<Vec<_>>()
        .join("\n"))
}

/// Faults of the simulation by kind.
pub(super) fn simulated_faults(results: &Results) -> anyhow::Result<String> {
    by_kind(results.at("simulation.faults")?, "fault", |times| times)
}

/// Faults injected into each unit of work.
pub(super) fn injected_faults(results: &Results) -> anyhow::Result<String> {
    by_kind(
        results.at("faults.units")?,
        "unit of work",
        |unit| &unit["faults"],
    )
}

fn by_kind(kinds: &Value, head: &str, times: fn(&Value) -> &Value) -> anyhow::Result<String> {
    let kinds = kinds.as_object().context("no faults by kind")?;
    let mut table = format!("| {head} | faults |\n|---|---:|\n");
    for (kind, value) in kinds {
        writeln!(table, "| {kind} | {} |", shown(times(value))?)?;
    }
    Ok(table.trim_end().to_owned())
}

/// Faults of the chaos run by kind, and how long orders took to be settled again.
pub(super) fn chaos(results: &Results) -> anyhow::Result<String> {
    let faults = results
        .at("chaos.faults")?
        .as_array()
        .context("chaos made no faults")?;
    let mut table =
        "| fault | times | recovered, p50 | p99 | max |\n|---|---:|---:|---:|---:|\n".to_owned();
    for fault in faults {
        let seconds = |name: &str| {
            let value = fault[name].as_f64();
            value.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"))
        };
        writeln!(
            table,
            "| {} | {} | {} | {} | {} |",
            shown(&fault["fault"])?,
            shown(&fault["count"])?,
            seconds("recovered_p50_s"),
            seconds("recovered_p99_s"),
            seconds("recovered_max_s"),
        )?;
    }
    Ok(table.trim_end().to_owned())
}

/// The violations that the chaos run named, each once, and what is to be known of them.
pub(super) fn violations(results: &Results) -> anyhow::Result<String> {
    let named = results
        .at("chaos.named")?
        .as_array()
        .context("the violations are no list")?;
    let mut lines: Vec<String> = Vec::new();
    for violation in named {
        let line = format!("- `{}`", shown(violation)?);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let Some(first) = lines.first_mut() else {
        return Ok("It names no violation.".to_owned());
    };
    first.insert_str(0, "It names:\n\n");
    let note = shown(results.at("chaos.note")?)?;
    if !note.is_empty() {
        lines.push(format!("\n{note}"));
    }
    Ok(lines.join("\n"))
}

/// Each rule, and what notices when it is broken.
pub(super) fn controls(results: &Results) -> anyhow::Result<String> {
    let mut table = "| control | the rule | the model | the simulation | tests on real servers |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for rule in RULES {
        let row = results.at(&format!("controls.{}", rule.name))?;
        writeln!(
            table,
            "| `{}` | {} | {} | {} | {} |",
            rule.name,
            rule.says,
            by_model(&row["model"]),
            by_simulation(&row["simulation"]),
            by_tests(&row["tests"]),
        )?;
    }
    Ok(table.trim_end().to_owned())
}

fn by_model(found: &Value) -> String {
    if found.is_null() {
        return "has no such rule".to_owned();
    }
    if found["caught"] != true {
        return "**not caught**".to_owned();
    }
    let promise = found["by"].as_str().unwrap_or_default();
    format!(
        "{} s: \"{promise}\", in {} steps",
        seconds(found),
        found["steps"]
    )
}

fn by_simulation(found: &Value) -> String {
    if found["caught"] != true {
        return "**not caught**".to_owned();
    }
    let check = found["check"].as_str().unwrap_or_default();
    format!("{} s: \"{check}\", seed {}", seconds(found), found["seed"])
}

fn by_tests(found: &Value) -> String {
    let names = found["by"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let names: Vec<String> = names
        .iter()
        .filter_map(Value::as_str)
        .map(|name| format!("`{name}`"))
        .collect();
    if found["caught"] != true {
        return "**not caught**".to_owned();
    }
    format!("{} s: {}", seconds(found), names.join(", "))
}

fn seconds(found: &Value) -> String {
    found["seconds"]
        .as_f64()
        .map_or_else(|| "?".to_owned(), |seconds| format!("{seconds:.1}"))
}
