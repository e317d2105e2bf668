//! Parts of the Rust toolchain that are not in its minimal profile.

use std::process::Command;

use anyhow::bail;

use crate::process;
use crate::workspace::cargo_program;

pub(crate) fn ensure(may_install: bool) -> anyhow::Result<()> {
    let missing: Vec<&str> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(command, _)| {
            !process::succeeds(Command::new(cargo_program()).args([command, "--version"]))
        })
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !may_install || process::on_path("rustup").is_none() {
        bail!(
            "{names} of the Rust toolchain is missing: `cargo fmt` or `cargo clippy` does not run. \
             Install it (`rustup component add {names}`)."
        );
    }
    eprintln!("installing {names} with rustup ...");
    process::quiet(
        Command::new("rustup")
            .args(["component", "add"])
            .args(&missing),
    )
}
