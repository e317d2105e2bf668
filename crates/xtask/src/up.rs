//! `cargo xtask up`: build, then become `quadrille up`.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace::Workspace;
use crate::{install, process, web};

/// What `cargo xtask up` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "ARGS go to `quadrille up`, for example --port 9090 or --fresh; all of them: cargo xtask up -- --help"
)]
pub(crate) struct Args {
    /// Build optimized: slower to build, faster to run
    #[arg(long)]
    release: bool,
    /// Name what is missing instead of installing it
    #[arg(long)]
    no_install: bool,
    /// Options of `quadrille up`
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    rest: Vec<String>,
}

/// Does not return when all went well: this process becomes Quadrille, which then has the
/// terminal's signals for itself.
pub(crate) fn run(workspace: &Workspace, mut args: Args) -> anyhow::Result<()> {
    // Behind the first option of `quadrille up` clap leaves ours to us.
    let mut take = |name: &str| {
        let before = args.rest.len();
        args.rest.retain(|arg| arg != name);
        args.rest.len() != before
    };
    let release = take("--release") || args.release;
    let no_install = take("--no-install") || args.no_install;

    install::for_up(!no_install)?;
    // All packages are selected, so that cargo chooses the features that the tests are built with
    // and nothing is built twice.
    let mut build = workspace.cargo(["build", "--workspace", "--bin", "quadrille"]);
    if release {
        build.arg("--release");
    }
    if !process::shown(&mut build)?.success() {
        bail!("Quadrille could not be built; the errors are above");
    }
    web::ensure_built(workspace)?;
    let program = workspace.program("quadrille", release);
    let error = Command::new(&program).arg("up").args(args.rest).exec();
    Err(error).with_context(|| format!("running {}", program.display()))
}
