//! `cargo xtask upgrade`: an older build and this one on one stack, exchanged process by process.
//!
//! `older` makes the older build; the program `upgrade` of e2e does the rest.

mod older;

use std::path::PathBuf;

use crate::program;
use crate::workspace::Workspace;

/// Which build to come from.
#[derive(Debug, clap::Args)]
pub(crate) struct UpgradeArgs {
    /// The older build's commit or tag [default: the newest tag v*, without one the last commit]
    #[arg(long, value_name = "REV", conflicts_with = "program")]
    from: Option<String>,
    /// The older build's `quadrille` itself, instead of building it
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    #[command(flatten)]
    rest: program::Args,
}

/// Builds both and exchanges them. Does not return when all went well.
pub(crate) fn run(workspace: &Workspace, args: UpgradeArgs) -> anyhow::Result<()> {
    let from = match args.program {
        Some(program) => std::path::absolute(program)?,
        None => older::program(workspace, args.from.as_deref())?,
    };
    let from = format!("--from={}", from.display());
    program::run(workspace, "upgrade", &[&from], false, args.rest)
}
