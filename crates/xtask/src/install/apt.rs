//! Debian's packages.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Instant;

use devstack::MissingTool;

use crate::process;

/// Whether packages can be installed: we are root on a machine with apt.
pub(crate) fn may_install() -> bool {
    // Our own entry there belongs to the user whose rights we have.
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root && process::on_path("apt-get").is_some()
}

/// The packages that bring the tools, each once.
pub(crate) fn packages_of(missing: &[MissingTool]) -> Vec<&'static str> {
    let mut packages: Vec<_> = missing.iter().filter_map(|tool| tool.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

pub(crate) fn install(packages: &[&str]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    eprintln!("installing {} with apt-get ...", packages.join(", "));
    let begin = Instant::now();
    process::quiet(apt_get().args(["update", "-qq"]))?;
    process::quiet(
        apt_get()
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )?;
    eprintln!("installed in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
