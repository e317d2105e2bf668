//! The figures as they are kept: one JSON file for each check.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// Where they are, from the checkout's root.
const FOLDER: &str = "docs/reliability";

/// The checks and the commands that give their figures.
pub(super) const CHECKS: &[(&str, &str)] = &[
    ("model", "cargo xtask reliability --measure model"),
    ("simulation", "cargo xtask reliability --measure simulation"),
    ("faults", "cargo xtask reliability --measure faults"),
    (
        "chaos",
        "cargo xtask chaos --minutes 60 --seed 5 --json FILE, then cargo xtask reliability --chaos FILE",
    ),
    ("controls", "cargo xtask negative-controls"),
];

/// What every check found.
#[derive(Debug)]
pub(super) struct Results(BTreeMap<&'static str, Value>);

impl Results {
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut all = BTreeMap::new();
        for (name, command) in CHECKS {
            let results = load(root, name)?
                .with_context(|| format!("there are no figures of {name} yet: {command}"))?;
            all.insert(*name, results);
        }
        Ok(Self(all))
    }

    #[cfg(test)]
    pub(super) fn of(all: BTreeMap<&'static str, Value>) -> Self {
        Self(all)
    }

    /// The value at a path such as `model.states`.
    pub(super) fn at(&self, path: &str) -> anyhow::Result<&Value> {
        let (check, rest) = path.split_once('.').unwrap_or((path, ""));
        let mut value = self
            .0
            .get(check)
            .with_context(|| format!("no check is called {check:?}"))?;
        for name in rest.split('.').filter(|name| !name.is_empty()) {
            value = value
                .get(name)
                .with_context(|| format!("the figures of {check} have no {path:?}"))?;
        }
        Ok(value)
    }
}

/// The figures of one check, if there are any.
pub(super) fn load(root: &Path, name: &str) -> anyhow::Result<Option<Value>> {
    let path = root.join(FOLDER).join(format!("{name}.json"));
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let value =
        serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    Ok(Some(value))
}

/// Keeps the figures of one check.
pub(super) fn save(root: &Path, name: &str, results: &Value) -> anyhow::Result<()> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, format!("{results:#}\n"))
        .with_context(|| format!("writing {}", path.display()))
}

/// Takes over what a chaos run wrote, without what is of that machine alone. `note` says what is to
/// be known of its violations.
pub(super) fn take_chaos(root: &Path, file: &Path, note: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let mut run: Map<String, Value> = serde_json::from_str(&text)
        .with_context(|| format!("{} is not what chaos writes", file.display()))?;
    if run.get("interrupted") != Some(&Value::Bool(false)) {
        bail!(
            "{} is of a run that did not come to its end",
            file.display()
        );
    }
    run.remove("kept");
    run.insert("note".to_owned(), note.into());
    save(root, "chaos", &Value::Object(run))
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
    fn numbers_are_written_to_be_read() {
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
}
