//! What is printed when nobody reads it.

use std::fs::File;
use std::io;
use std::process::{Output, Stdio};

use crate::{quadrille, stderr};

/// The commands of these tests need no server.
const COMMANDS: [&[&str]; 5] = [
    &["config", "list"],
    &["config", "check", "orders"],
    &["choreography"],
    &["openapi"],
    &["--help"],
];

fn to(arguments: &[&str], output: impl Into<Stdio>) -> Output {
    let child = quadrille(arguments)
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn();
    child.unwrap().wait_with_output().unwrap()
}

#[test]
fn a_reader_that_has_gone_ends_a_command_without_a_word() {
    for command in COMMANDS {
        // As behind `head` once it has what it wants, but sure to be gone.
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = to(command, writer);
        assert_eq!(stderr(&output), "", "{command:?}");
        if command != ["--help"] {
            assert_eq!(output.status.code(), Some(141), "{command:?}");
        }
    }
}

#[test]
fn a_failure_stays_one_when_nobody_reads() {
    let elsewhere = tempfile::tempdir().unwrap();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let child = quadrille(&["audit"])
        .current_dir(&elsewhere)
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn();
    assert_eq!(child.unwrap().wait().unwrap().code(), Some(1));
}

#[test]
fn a_full_disk_is_reported_as_a_failure() {
    for command in &COMMANDS[..4] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = to(command, full);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let text = stderr(&output);
        assert!(
            text.contains("the output can't be written") && !text.contains("panicked"),
            "{command:?}: {text}"
        );
    }
}
