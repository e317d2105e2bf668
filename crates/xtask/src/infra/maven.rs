//! Jars by Maven.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::pins;
use super::program::on_path;
use crate::process;

/// Copies jars and what they need, less `without` (group and artifact), to a folder.
pub(super) fn jars(
    to: &Path,
    jars: &[(&str, &str, &str)],
    without: Option<(&str, &str)>,
) -> anyhow::Result<()> {
    let (group, artifact) = without.unwrap_or(("none", "none"));
    let dependencies: Vec<String> = jars
        .iter()
        .map(|(g, a, v)| {
            format!(
                "<dependency><groupId>{g}</groupId><artifactId>{a}</artifactId><version>{v}</version>\
                 <exclusions><exclusion><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
                 </exclusion></exclusions></dependency>"
            )
        })
        .collect();
    fs::create_dir_all(to)?;
    let work = to.with_extension("project");
    fs::create_dir_all(&work)?;
    fs::write(
        work.join("pom.xml"),
        format!(
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
             <groupId>quadrille</groupId><artifactId>infra</artifactId><version>1</version>\
             <packaging>pom</packaging><dependencies>{}</dependencies></project>",
            dependencies.concat()
        ),
    )?;
    process::quiet(
        Command::new(on_path("mvn", "maven")?)
            .args(["--batch-mode", "--quiet", "--no-transfer-progress"])
            .arg(format!(
                "org.apache.maven.plugins:maven-dependency-plugin:{}:copy-dependencies",
                pins::MAVEN_DEPENDENCY_PLUGIN
            ))
            .arg("-DincludeScope=runtime")
            .arg(format!("-DoutputDirectory={}", to.display()))
            .current_dir(&work),
    )?;
    fs::remove_dir_all(&work)?;
    Ok(())
}
