//! What `simulate` says to its user.

use std::process::{Command, Output};

fn simulate(words: &[&str]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
    let output = command.args(words).output().expect("it starts");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (output, said)
}

#[test]
fn a_control_names_the_command_that_shows_the_violation() {
    let (output, said) = simulate(&["--without", "decision-id", "--seeds", "6"]);
    assert!(output.status.success(), "{said}");
    let command = said
        .split_once("--bin simulate -- ")
        .and_then(|(_, rest)| rest.lines().next())
        .expect("a seed is named");
    let words: Vec<&str> = command.split_whitespace().collect();
    let (output, said) = simulate(&words);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("VIOLATION: the decision ") && said.contains("the faults end"));
    let (output, said) = simulate(&words[..2]);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn an_unknown_rule_is_refused_and_the_known_ones_named() {
    let (output, said) = simulate(&["--without", "chekpoint"]);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("chekpoint") && said.contains("checkpoint-fence"));
}

#[test]
fn the_summary_can_be_had_as_json() {
    let file = std::env::temp_dir().join(format!("simulate-{}.json", std::process::id()));
    let path = file.to_str().expect("a path is text");
    let (output, said) = simulate(&["--seeds", "3", "--json", path]);
    assert!(output.status.success(), "{said}");
    let text = std::fs::read_to_string(&file).expect("it was written");
    std::fs::remove_file(&file).expect("it can go");
    let page: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(page["seeds"], 3);
    assert_eq!(page["violations"], 0);
    assert!(page["orders"].as_u64().is_some_and(|orders| orders > 0));
}
