//! Removes a temporary stack's folder after its servers have ended, even if we cannot any more.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::error::{At, Error};

/// Waits for the closing of the pipe, then for the servers, whose supervisors remove their pid files
/// in the end, for at most a minute; then removes the folder.
const SCRIPT: &str = r#"
trap '' HUP INT TERM PIPE
while read -r _; do :; done
left=600
while [ "$left" -gt 0 ]; do
    alive=
    for file in "$1"/*/pid; do
        [ -f "$file" ] && kill -0 "$(cat "$file")" && alive=1
    done
    [ -z "$alive" ] && break
    sleep 0.1
    left=$((left - 1))
done
rm -rf "$1"
"#;

/// Dropping it lets the janitor begin.
#[derive(Debug)]
pub(crate) struct Janitor {
    child: Child,
    leash: Option<ChildStdin>,
}

impl Janitor {
    pub(crate) fn watch(folder: &Path) -> Result<Self, Error> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "devstack-janitor"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .at("starting a shell to clean up", folder)?;
        let leash = child.stdin.take();
        Ok(Self { child, leash })
    }

    /// Returns when the folder is gone.
    pub(crate) fn finish(mut self) {
        self.leash = None;
        let _ = self.child.wait();
    }
}
