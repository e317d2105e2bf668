//! How many faults were injected, for those who quote it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde_json::{Map, Value, json};

/// The variable that names the file where the figures are gathered.
const REPORT: &str = "QUADRILLE_FAULT_REPORT";

/// What was done to one unit of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultCounts {
    unit: String,
    commands: Vec<String>,
    by_command: BTreeMap<String, u32>,
}

impl FaultCounts {
    /// Nothing yet. `commands` are those of the unit, in order.
    pub fn new(unit: &str, commands: &[String]) -> Self {
        Self {
            unit: unit.to_owned(),
            commands: commands.to_vec(),
            by_command: BTreeMap::new(),
        }
    }

    /// A run in which `place` failed.
    pub fn count(&mut self, place: &str) {
        *self.by_command.entry(place.to_owned()).or_default() += 1;
    }

    /// Both together.
    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        for (place, times) in other.by_command {
            *self.by_command.entry(place).or_default() += times;
        }
        self
    }

    /// In how many runs something failed.
    pub fn total(&self) -> u32 {
        self.by_command.values().sum()
    }

    /// Prints the figures, and adds them to the file that `QUADRILLE_FAULT_REPORT` names: a JSON
    /// object `{"total": N, "units": {"<unit>": {"faults": N, "commands": [...], "at": {...}}}}`.
    /// Each unit replaces what an earlier run said of it.
    ///
    /// # Panics
    /// When the file can't be written.
    pub fn report(&self) {
        println!("faults injected into {}: {}", self.unit, self.total());
        for (command, times) in &self.by_command {
            println!("  {command}: {times}");
        }
        if let Some(path) = std::env::var_os(REPORT) {
            self.gather(Path::new(&path));
        }
    }

    fn gather(&self, path: &Path) {
        // Tests are processes of their own, and several end at a time.
        let lock = File::create(path.with_extension("lock")).expect("the report can be written");
        lock.lock().expect("a file can be locked");
        let mut units: Map<String, Value> = std::fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .and_then(|report| report.get("units")?.as_object().cloned())
            .unwrap_or_default();
        let own = json!({
            "faults": self.total(), "commands": self.commands, "at": self.by_command,
        });
        units.insert(self.unit.clone(), own);
        let faults = units.values().filter_map(|unit| unit["faults"].as_u64());
        let report = json!({ "total": faults.sum::<u64>(), "units": units });
        let text = serde_json::to_string_pretty(&report).expect("plain data");
        std::fs::write(path, text).expect("the report can be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_add_up_and_a_unit_replaces_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.json");
        let fault_counts = |unit: &str, times: u32| {
            let mut fault_counts = FaultCounts::new(unit, &["find".to_owned()]);
            (0..times).for_each(|_| fault_counts.count("find"));
            fault_counts
        };
        fault_counts("one", 3).gather(&path);
        fault_counts("two", 4).gather(&path);
        fault_counts("one", 5).gather(&path);
        let report: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(report["total"], 9);
        assert_eq!(report["units"]["one"]["at"]["find"], 5);
        assert_eq!(report["units"]["two"]["commands"][0], "find");
    }
}
