//! Running a program to its end and keeping what it said.

use std::path::Path;
use std::process::Command;

use crate::error::Error;

const SHOWN_LINES: usize = 30;

/// Runs the command with no input. Returns standard output and standard error together.
pub(crate) fn run(command: &mut Command) -> Result<String, Error> {
    let shown = shown(command);
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|source| Error::Io {
            what: format!("running `{shown}`"),
            source,
        })?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok(text);
    }
    Err(Error::Command {
        command: shown,
        status: output.status.to_string(),
        output: last_lines(&text, SHOWN_LINES),
    })
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy()));
    words.join(" ")
}

/// The last `count` lines of a text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// The last lines of a file; empty when it cannot be read.
pub(crate) fn tail_of(file: &Path, count: usize) -> String {
    std::fs::read(file)
        .map(|bytes| last_lines(&String::from_utf8_lossy(&bytes), count))
        .unwrap_or_default()
}

/// The first `major.minor.patch` in a text.
pub(crate) fn version_in(text: &str) -> Option<(u32, u32, u32)> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter(|word| word.contains('.'))
        .find_map(|word| {
            let mut parts = word.split('.').map(str::parse::<u32>);
            let major = parts.next()?.ok()?;
            let minor = parts.next()?.ok()?;
            let patch = parts.next().and_then(Result::ok).unwrap_or(0);
            Some((major, minor, patch))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_print() {
        assert_eq!(version_in("db version v6.0.5\nBuild Info"), Some((6, 0, 5)));
        assert_eq!(
            version_in("openjdk version \"17.0.15\" 2025-04-15"),
            Some((17, 0, 15))
        );
        assert_eq!(version_in("kafka_2.13-4.3.1.jar"), Some((2, 13, 0)));
        assert_eq!(version_in("no numbers"), None);
    }

    #[test]
    fn a_failure_shows_the_command_and_its_last_words() {
        let error = run(Command::new("sh").args(["-c", "echo lost; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("sh -c") && text.contains("lost") && text.contains('3'),
            "{text}"
        );
    }
}
