//! What a real Kubernetes API server is made of: its program, and the operators' definitions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::tools::Tools;
use super::{maven, pins};
use crate::process;

impl Tools {
    /// A real kube-apiserver, from its own module.
    pub(super) fn api_server(&self) -> anyhow::Result<PathBuf> {
        let (version, staging) = (pins::KUBERNETES, pins::KUBERNETES_STAGING);
        let place = self.once(&format!("kube-apiserver-{version}"), |work| {
            let source = self.module("k8s.io/kubernetes", version)?;
            let theirs = fs::read_to_string(source.join("go.mod"))?;
            let manifest = manifest(&theirs, version, staging);
            fs::write(work.join("go.mod"), manifest)?;
            process::quiet(
                self.go()?
                    .args(["build", "-mod=mod", "-o", "kube-apiserver"])
                    .args(["-ldflags", &version_flags(version)])
                    .arg("k8s.io/kubernetes/cmd/kube-apiserver")
                    .current_dir(work),
            )
        })?;
        Ok(place.join("kube-apiserver"))
    }

    /// Files with the operators' custom resource definitions.
    pub(super) fn definitions(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for (module, version, folder) in pins::DEFINITIONS {
            files.extend(yaml_files(&self.module(module, version)?.join(folder))?);
        }
        files.extend(yaml_files(&self.strimzi()?)?);
        files.sort();
        Ok(files)
    }

    /// Strimzi's definitions are made from its classes.
    fn strimzi(&self) -> anyhow::Result<PathBuf> {
        self.once(&format!("strimzi-{}", pins::STRIMZI), |work| {
            let libs = work.join("libs");
            let api = [("io.strimzi", "api", pins::STRIMZI)];
            // It names its own test library, which is nowhere to be had.
            maven::jars(&libs, &api, Some(("io.strimzi", "test")))?;
            let generator = work.join("generator");
            let it = [("io.strimzi", "crd-generator", pins::STRIMZI)];
            maven::jars(&generator, &it, Some(("*", "*")))?;
            let java = self.java()?;
            for kind in pins::STRIMZI_KINDS {
                let file = work.join(format!("{kind}.yaml"));
                process::quiet(
                    Command::new(&java)
                        .arg("-cp")
                        .arg(format!("{}/*:{}/*", generator.display(), libs.display()))
                        .args(["io.strimzi.crdgenerator.CrdGenerator", "--yaml"])
                        .arg(format!(
                            "io.strimzi.api.kafka.model.{kind}={}",
                            file.display()
                        )),
                )?;
            }
            Ok(())
        })
    }
}

/// Makes the server say its version, which charts ask for.
fn version_flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    let at = "-X k8s.io/component-base/version";
    format!("{at}.gitVersion={version} {at}.gitMajor={major} {at}.gitMinor={minor}")
}

/// The go.mod of a build of `k8s.io/kubernetes`: each of its staging modules, which it names with no
/// version of its own, by the version that goes with it.
fn manifest(theirs: &str, version: &str, staging: &str) -> String {
    let names = theirs
        .lines()
        .filter_map(|line| line.trim().strip_suffix(" v0.0.0"))
        .map(|line| line.trim_start_matches("require ").trim());
    let replaced: Vec<String> = names
        .map(|name| format!("replace {name} => {name} {staging}\n"))
        .collect();
    let replaced = replaced.concat();
    let go = theirs
        .lines()
        .find(|line| line.starts_with("go "))
        .unwrap_or("go 1.26");
    format!("module infra\n\n{go}\n\nrequire k8s.io/kubernetes {version}\n\n{replaced}")
}

fn yaml_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_its_version() {
        assert_eq!(
            version_flags("v1.36.3"),
            "-X k8s.io/component-base/version.gitVersion=v1.36.3 \
             -X k8s.io/component-base/version.gitMajor=1 \
             -X k8s.io/component-base/version.gitMinor=36"
        );
    }

    #[test]
    fn a_build_of_kubernetes_names_each_staging_module() {
        let theirs = "module k8s.io/kubernetes\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/a/b v1.2.3\n\t\
                      k8s.io/api v0.0.0\n\tk8s.io/apiserver v0.0.0\n)\n";
        let ours = manifest(theirs, "v1.36.3", "v0.36.3");
        assert_eq!(
            ours,
            "module infra\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v1.36.3\n\n\
             replace k8s.io/api => k8s.io/api v0.36.3\n\
             replace k8s.io/apiserver => k8s.io/apiserver v0.36.3\n"
        );
    }
}
