//! Kafka's jars, fetched with Maven.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Cache, verify};
use crate::command::run;
use crate::error::{At, Error};
use crate::locate::{KafkaInstall, kafka_in};
use crate::pins;
use crate::progress::{Progress, step};

fn entry_name() -> String {
    format!("kafka-{}", pins::KAFKA)
}

/// The provisioned Kafka, if it is in the cache already.
pub(crate) fn cached(cache: &Cache) -> Option<KafkaInstall> {
    kafka_in(&cache.entry(&entry_name()).join("libs"))
}

/// Fetches Kafka into the cache unless it is there.
pub(crate) fn provide(
    cache: &Cache,
    maven: &Path,
    progress: &dyn Progress,
) -> Result<KafkaInstall, Error> {
    let entry = cache.get_or_fetch(&entry_name(), progress, |work| {
        let what = format!("downloading Kafka {} with Maven (44 MB)", pins::KAFKA);
        step(progress, &what, || fetch(maven, work))
    })?;
    kafka_in(&entry.join("libs")).ok_or_else(|| Error::Checksum {
        what: format!("Kafka {}", pins::KAFKA),
        detail: format!(
            "{} has no kafka_2.13 jar; remove the folder",
            entry.display()
        ),
    })
}

fn fetch(maven: &Path, work: &Path) -> Result<(), Error> {
    let pom = work.join("pom.xml");
    fs::write(&pom, project()).at("writing", &pom)?;
    let libs = work.join("libs");
    run(Command::new(maven)
        .current_dir(work)
        .args(["--batch-mode", "--quiet", "--no-transfer-progress"])
        .arg(format!(
            "org.apache.maven.plugins:maven-dependency-plugin:{}:copy-dependencies",
            pins::MAVEN_DEPENDENCY_PLUGIN
        ))
        .arg("-DincludeScope=runtime")
        .arg(format!("-DoutputDirectory={}", libs.display())))?;
    verify(&format!("Kafka {}", pins::KAFKA), &libs, pins::KAFKA_JARS)
}

fn project() -> String {
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        )
    };
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>quadrille</groupId><artifactId>devstack</artifactId><version>1</version><packaging>pom</packaging>\
         <dependencies>{}{}</dependencies></project>\n",
        dependency("org.apache.kafka", "kafka_2.13", pins::KAFKA),
        dependency("org.apache.logging.log4j", "log4j-slf4j-impl", pins::LOG4J),
    )
}
