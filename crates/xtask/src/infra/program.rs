use std::path::PathBuf;

use anyhow::bail;

use crate::process;

/// A program of the machine, or what brings it.
pub(super) fn on_path(program: &str, package: &str) -> anyhow::Result<PathBuf> {
    match process::on_path(program) {
        Some(place) => Ok(place),
        None => bail!(
            "{program} is not on PATH: install it (on Debian or Ubuntu it is in the package {package})"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let text = on_path("no-such-program", "some-package")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("no-such-program") && text.contains("some-package"),
            "{text}"
        );
    }
}
