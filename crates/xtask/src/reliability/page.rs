//! docs/reliability.md: the words are in `page.md`, the figures come from the checks.

use anyhow::Context;

use super::{
    figures::{Figures, shown},
    tables,
};

/// The page, from the checkout's root.
pub(super) const PATH: &str = "docs/reliability.md";

const WORDS: &str = include_str!("page.md");

/// The page with every `{{...}}` filled in: a path such as `model.states`, or a table's name.
pub(super) fn make(figures: &Figures) -> anyhow::Result<String> {
    let mut page = String::with_capacity(WORDS.len() * 2);
    let mut rest = WORDS;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .context("page.md has a {{ without }}")?;
        page.push_str(before);
        page.push_str(&filled(figures, name.trim())?);
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

fn filled(figures: &Figures, name: &str) -> anyhow::Result<String> {
    match name {
        "table of commands" => Ok(tables::commands()),
        "table of promises" => tables::promises(figures),
        "table of simulated faults" => tables::simulated_faults(figures),
        "table of injected faults" => tables::injected_faults(figures),
        "table of chaos" => tables::chaos(figures),
        "list of violations" => tables::violations(figures),
        "table of controls" => tables::controls(figures),
        path => shown(figures.at(path)?).with_context(|| format!("{path} on the page")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_check_has_said_is_an_error() {
        let figures = Figures::of([("model", json!({ "states": 5 }))].into());
        assert_eq!(filled(&figures, "model.states").unwrap(), "5");
        let error = format!("{:#}", filled(&figures, "model.stated").unwrap_err());
        assert!(error.contains("model.stated"), "{error}");
        assert!(filled(&figures, "modal.states").is_err());
    }
}
