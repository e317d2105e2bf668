//! What `simulate` says to its user.

use std::process::{Command, Output};

fn simulate(removed: Option<&str>, words: &[&str]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
    command.args(words).env_remove("QUADRILLE_REMOVE_GUARD");
    if let Some(guard) = removed {
        command.env("QUADRILLE_REMOVE_GUARD", guard);
    }
    let output = command.output().expect("it starts");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (output, said)
}

#[test]
fn a_failing_seed_is_printed_with_the_command_that_reproduces_it() {
    let guard = Some("decision-id");
    let (output, said) = simulate(guard, &["--seeds", "6"]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let line = said
        .lines()
        .find(|line| line.contains("--bin simulate -- --seed "))
        .expect("a seed is named");
    let seed = line
        .split("--seed ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .expect("it is a number");
    let (output, said) = simulate(guard, &["--seed", seed, "--trace"]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("VIOLATION: ") && said.contains("the faults end"));
    let (output, said) = simulate(None, &["--seed", seed]);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn an_unknown_guard_is_refused_and_the_known_ones_named() {
    let (output, said) = simulate(None, &["--remove-guard", "chekpoint"]);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("chekpoint") && said.contains("checkpoint-fence"));
    let (output, said) = simulate(Some("nonsense"), &["--seed", "1"]);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("QUADRILLE_REMOVE_GUARD") && said.contains("nonsense"));
}

#[test]
fn the_summary_can_be_had_as_json() {
    let file = std::env::temp_dir().join(format!("simulate-{}.json", std::process::id()));
    let path = file.to_str().expect("a path is text");
    let (output, said) = simulate(None, &["--seeds", "3", "--json", path]);
    assert!(output.status.success(), "{said}");
    let text = std::fs::read_to_string(&file).expect("it was written");
    std::fs::remove_file(&file).expect("it can go");
    let page: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(page["seeds"], 3);
    assert_eq!(page["violations"], 0);
    assert!(page["orders"].as_u64().is_some_and(|orders| orders > 0));
}
