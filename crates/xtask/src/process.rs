//! Running other programs: shown as they go, read along.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use anyhow::Context;

/// Runs the command with its output on ours.
pub(crate) fn shown(command: &mut Command) -> anyhow::Result<ExitStatus> {
    let name = command.get_program().to_owned();
    command
        .status()
        .with_context(|| format!("running {}", name.display()))
}

/// Runs the command with its output on ours, and gives all lines of it to the caller as well.
pub(crate) fn read_along(command: &mut Command) -> anyhow::Result<(ExitStatus, Vec<String>)> {
    let name = command.get_program().to_owned();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("running {}", name.display()))?;
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let lines = thread::scope(|scope| {
        let first =
            scope.spawn(|| stdout.map_or_else(Vec::new, |out| copy(out, std::io::stdout())));
        let second = stderr.map_or_else(Vec::new, |err| copy(err, std::io::stderr()));
        let mut lines = first.join().unwrap_or_default();
        lines.extend(second);
        lines
    });
    let status = child
        .wait()
        .with_context(|| format!("waiting for {}", name.display()))?;
    Ok((status, lines))
}

/// Runs the command and keeps what it says, to be shown only when it fails.
pub(crate) fn quiet(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {}", name.display()))?;
    if output.status.success() {
        return Ok(());
    }
    anyhow::bail!(
        "{command:?} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Whether the command can be run and says that all is well. Its output is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The first executable of this name on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    devstack::Environment::from_process()
        .on_path(name)
        .into_iter()
        .next()
}

/// What makes a program colour its output although we read along.
pub(crate) fn color_flag() -> &'static OsStr {
    OsStr::new(if std::io::stderr().is_terminal() {
        "--color=always"
    } else {
        "--color=never"
    })
}

fn copy(from: impl Read, mut to: impl Write) -> Vec<String> {
    let mut lines = Vec::new();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // Nobody may be reading our output; the child's is read to its end all the same.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        lines.push(without_colors(&String::from_utf8_lossy(&line)));
        line.clear();
    }
    lines
}

/// Removes ANSI sequences and the line end.
fn without_colors(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.trim_end();
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = sequence
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or("", |end| &sequence[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_removed_and_text_is_kept() {
        assert_eq!(
            without_colors("\u{1b}[32;1m   Summary\u{1b}[0m [1s] 3\n"),
            "   Summary [1s] 3"
        );
        assert_eq!(without_colors("plain\n"), "plain");
    }

    #[test]
    fn both_outputs_are_read_and_the_status_is_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let (status, mut lines) = read_along(&mut command).unwrap();
        lines.sort();
        assert_eq!(
            (status.code(), lines),
            (Some(3), vec!["err".to_owned(), "out".to_owned()])
        );
    }

    #[test]
    fn a_quiet_failure_shows_what_was_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such package; exit 100"]);
        let error = quiet(&mut command).unwrap_err().to_string();
        assert!(
            error.contains("no such package") && error.contains("100"),
            "{error}"
        );
    }
}
