use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;

use super::tools::Tools;
use crate::process;
use crate::workspace::Workspace;

/// What the steps share.
#[derive(Debug)]
pub(super) struct Infra<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) tools: Tools,
}

impl Infra<'_> {
    /// A folder below `infra/`.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.workspace.root().join("infra").join(name)
    }

    /// The binary, as it is today.
    pub(super) fn quadrille(&self) -> anyhow::Result<PathBuf> {
        let words = ["build", "--workspace", "--bin", "quadrille"];
        ensure!(
            process::shown(&mut self.workspace.cargo(words))?.success(),
            "quadrille could not be built; the errors are above"
        );
        Ok(self.workspace.program("quadrille", false))
    }

    /// One of the scripts of `infra/checks`.
    pub(super) fn check(&self, script: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(self.tools.python("python")?);
        command.arg(self.folder("checks").join(script));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }

    /// Runs the command with its output on ours.
    pub(super) fn passes(&self, command: &mut Command) -> anyhow::Result<()> {
        let name = command.get_program().to_owned();
        let status = process::shown(command.current_dir(self.workspace.root()))?;
        ensure!(status.success(), "{} ended with {status}", name.display());
        Ok(())
    }
}
