//! `cargo xtask simulate`, `chaos`, `bench`: build one of the workspace's programs, then become it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace::Workspace;
use crate::{install, process};

/// What goes to the program.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Options of the program; all of them: -- --help
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "OPTIONS"
    )]
    rest: Vec<String>,
}

/// Builds the program `name` of `package`, optimized or as the tests have it, and runs it with
/// `first` and the options given. Does not return when all went well.
pub(crate) fn run(
    workspace: &Workspace,
    name: &str,
    first: &[&str],
    optimized: bool,
    args: Args,
) -> anyhow::Result<()> {
    install::for_up(true)?;
    // All packages are selected, so that cargo chooses the features that the tests are built with
    // and nothing is built twice; `quadrille` because chaos starts it.
    let mut build = workspace.cargo(["build", "--workspace", "--bin", "quadrille", "--bin", name]);
    if optimized {
        build.arg("--release");
    }
    if !process::shown(&mut build)?.success() {
        bail!("{name} could not be built; the errors are above");
    }
    let program = workspace.program(name, optimized);
    let error = Command::new(&program).args(first).args(args.rest).exec();
    Err(error).with_context(|| format!("running {}", program.display()))
}
