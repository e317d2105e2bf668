//! docs/reliability.md: the words are in `page.md`, the figures come from the checks.

use anyhow::{Context, bail};
use serde_json::Value;

use super::{figures::Figures, tables};

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

/// A figure as it is read: thousands apart, seconds to a tenth.
pub(super) fn shown(value: &Value) -> anyhow::Result<String> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(count) => Ok(thousands(count)),
            None => number
                .as_f64()
                .map(|seconds| format!("{seconds:.1}"))
                .context("a figure that is no number"),
        },
        Value::String(text) => Ok(text.clone()),
        other => bail!("{other} is not a figure"),
    }
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_written_to_be_read() {
        for (value, text) in [
            (json!(7), "7"),
            (json!(999), "999"),
            (json!(1000), "1,000"),
            (json!(12_345_678), "12,345,678"),
            (json!(1.25), "1.2"),
            (json!("seed"), "seed"),
        ] {
            assert_eq!(shown(&value).unwrap(), text);
        }
        assert!(shown(&json!(null)).is_err());
    }

    #[test]
    fn what_no_check_has_said_is_an_error() {
        let figures = Figures::of([("model", json!({ "states": 5 }))].into());
        assert_eq!(filled(&figures, "model.states").unwrap(), "5");
        let error = format!("{:#}", filled(&figures, "model.stated").unwrap_err());
        assert!(error.contains("model.stated"), "{error}");
        assert!(filled(&figures, "modal.states").is_err());
    }
}
