//! docs/reliability.md: the words are in `page.md`, the figures come from the checks.

use anyhow::Context;

use super::results::{Results, shown};
use super::tables;

/// The page, from the checkout's root.
pub(super) const PATH: &str = "docs/reliability.md";

const WORDS: &str = include_str!("page.md");

/// The page with every `{{...}}` filled in: a path such as `model.states`, or a table's name.
pub(super) fn make(results: &Results) -> anyhow::Result<String> {
    let mut page = String::with_capacity(WORDS.len() * 2);
    let mut rest = WORDS;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .context("page.md has a {{ without }}")?;
        page.push_str(before);
        page.push_str(&filled(results, name.trim())?);
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

fn filled(results: &Results, name: &str) -> anyhow::Result<String> {
    match name {
        "table of commands" => Ok(tables::commands()),
        "table of promises" => tables::promises(results),
        "table of simulated faults" => tables::simulated_faults(results),
        "table of injected faults" => tables::injected_faults(results),
        "table of chaos" => tables::chaos(results),
        "list of violations" => tables::violations(results),
        "table of controls" => tables::controls(results),
        path => shown(results.at(path)?).with_context(|| format!("{path} on the page")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_check_has_said_is_an_error() {
        let results = Results::of([("model", json!({ "states": 5 }))].into());
        assert_eq!(filled(&results, "model.states").unwrap(), "5");
        let error = format!("{:#}", filled(&results, "model.stated").unwrap_err());
        assert!(error.contains("model.stated"), "{error}");
        assert!(filled(&results, "modal.states").is_err());
    }
}
