//! What the machine needs: found, installed where we may, named where we may not.

mod apt;
mod build_tools;
mod components;
pub(crate) mod nextest;
mod web_tools;

use std::fmt::Write as _;

use anyhow::bail;
use devstack::{Environment, MissingTool};

/// What `cargo xtask up` needs.
pub(crate) fn for_up(may_install: bool) -> anyhow::Result<()> {
    packages(may_install, missing_for_up)
}

/// What `cargo xtask test` needs.
pub(crate) fn for_test(may_install: bool) -> anyhow::Result<()> {
    packages(may_install, || {
        let mut missing = missing_for_up();
        missing.extend(nextest::missing_pip());
        missing.extend(web_tools::missing_browser());
        missing
    })?;
    components::ensure(may_install)?;
    nextest::ensure(may_install).map(|_| ())
}

/// What all commands need.
pub(crate) fn everything() -> anyhow::Result<()> {
    for_test(true)
}

/// Whether Debian's packages can be installed here.
pub(crate) fn may_install_packages() -> bool {
    apt::may_install()
}

/// Installs Debian's packages.
pub(crate) fn install_packages(packages: &[&str]) -> anyhow::Result<()> {
    apt::install(packages)
}

fn missing_for_up() -> Vec<MissingTool> {
    let mut missing = build_tools::missing();
    missing.extend(web_tools::missing_npm());
    missing.extend(devstack::missing(&Environment::from_process()));
    missing
}

/// Looks, installs the Debian packages of what is missing, and looks again.
fn packages(may_install: bool, look: impl Fn() -> Vec<MissingTool>) -> anyhow::Result<()> {
    let missing = look();
    if missing.is_empty() {
        return Ok(());
    }
    if may_install && apt::may_install() {
        apt::install(&apt::packages_of(&missing))?;
        let still = look();
        if still.is_empty() {
            return Ok(());
        }
        bail!(
            "after the installation there is still something missing:\n{}",
            told(&still)
        );
    }
    bail!("{}", told(&missing));
}

fn told(missing: &[MissingTool]) -> String {
    let mut text = String::new();
    for tool in missing {
        let _ = writeln!(text, "{tool}");
    }
    let packages = apt::packages_of(missing);
    if !packages.is_empty() {
        let _ = write!(
            text,
            "On Debian or Ubuntu: sudo apt-get update && sudo apt-get install -y {}",
            packages.join(" ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn tool(what: &str, package: Option<&'static str>) -> MissingTool {
        MissingTool {
            what: what.to_owned(),
            looked: "PATH (/nowhere)".to_owned(),
            remedy: "Install it.".to_owned(),
            package,
        }
    }

    #[test]
    fn without_leave_to_install_all_is_named_with_one_command() {
        let missing = [
            tool("mvn", Some("maven")),
            tool("java", Some("default-jre-headless")),
        ];
        let looked = Cell::new(0);
        let error = packages(false, || {
            looked.set(looked.get() + 1);
            missing.to_vec()
        });
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("mvn is missing: looked in PATH (/nowhere)"),
            "{text}"
        );
        assert!(
            text.contains("apt-get install -y default-jre-headless maven"),
            "{text}"
        );
        assert_eq!(looked.get(), 1);
    }

    #[test]
    fn what_no_package_brings_is_named_without_a_command() {
        let text = told(&[tool("mongod", None)]);
        assert!(text.contains("mongod is missing") && !text.contains("apt-get install -y"));
    }
}
