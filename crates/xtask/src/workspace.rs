//! The checkout that this command belongs to.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand};

/// The checkout's root and what cargo knows about it.
#[derive(Debug)]
pub(crate) struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    /// Asks cargo. Works from any folder, because the place of this crate is known.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let metadata = MetadataCommand::new()
            .cargo_path(cargo_program())
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("asking cargo about the workspace")?;
        Ok(Self { metadata })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// The program that cargo built from a package of the same name.
    pub(crate) fn program(&self, name: &str, release: bool) -> PathBuf {
        let profile = if release { "release" } else { "debug" };
        let target = self.metadata.target_directory.as_std_path();
        target.join(profile).join(name)
    }

    /// A cargo command in the checkout's root.
    pub(crate) fn cargo<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(cargo_program());
        command.args(words).current_dir(self.root());
        without_package_variables(&mut command);
        command
    }
}

/// The cargo that runs us, so that a `+toolchain` is kept.
pub(crate) fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// `cargo run` sets variables about this package, which build scripts would see as changes: the
/// next plain `cargo build` would then build them again.
pub(crate) fn without_package_variables(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}
