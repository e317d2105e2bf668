//! Kafka as one `KRaft` node which is broker and controller.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Launch, kafka_wire};
use crate::command::run;
use crate::error::{At, Error};
use crate::locate::{Java, KafkaInstall};
use crate::options::{Listener, Options, Profile};
use crate::ports::Ports;

const CONFIG: &str = include_str!("kafka.server.properties");
const LOG_CONFIG: &str = include_str!("kafka.log4j2.properties");

/// A Kafka and the Java to run it with.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) java: Java,
    pub(crate) kafka: KafkaInstall,
    /// Flags for the class archive; empty without one.
    pub(crate) archive: Vec<OsString>,
}

impl Program {
    fn java_command(&self, profile: Profile) -> Vec<OsString> {
        let heap: &[&str] = match profile {
            Profile::Light => &[
                "-Xmx256m",
                "-Xms128m",
                "-XX:TieredStopAtLevel=1",
                "-Xss512k",
            ],
            Profile::Throughput => &["-Xmx512m", "-Xms256m"],
        };
        let mut words: Vec<OsString> = vec![self.java.program.clone().into()];
        words.extend(heap.iter().map(OsString::from));
        words.extend(["-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"].map(OsString::from));
        words.extend(self.archive.iter().cloned());
        words.extend(["-cp".into(), self.kafka.class_path()]);
        words
    }
}

/// The launch of Kafka with its data in `folder`; writes its files and formats its storage.
pub(crate) fn launch(
    program: &Program,
    folder: &Path,
    ports: Ports,
    options: &Options,
) -> Result<Launch, Error> {
    let data = folder.join("data");
    fs::create_dir_all(&data).at("creating", &data)?;
    let log = folder.join("kafka.log");
    let config = write(
        folder,
        "server.properties",
        CONFIG,
        &[
            ("PORT", ports.kafka.to_string()),
            ("CONTROLLER", ports.kafka_controller.to_string()),
            ("DATA", data.display().to_string()),
            (
                "LISTENERS",
                each(&options.kafka_listeners, |n, l| {
                    format!(",PROXIED{n}://127.0.0.1:{}", l.port)
                }),
            ),
            (
                "ADVERTISED",
                each(&options.kafka_listeners, |n, l| {
                    format!(",PROXIED{n}://127.0.0.1:{}", l.advertised)
                }),
            ),
            (
                "PROTOCOLS",
                each(&options.kafka_listeners, |n, _| {
                    format!(",PROXIED{n}:PLAINTEXT")
                }),
            ),
        ],
    )?;
    let log_config = write(
        folder,
        "log4j2.properties",
        LOG_CONFIG,
        &[("LOG", log.display().to_string())],
    )?;
    if !data.join("meta.properties").exists() {
        format_storage(program, &config, &log_config)?;
    }
    let mut command = program.java_command(options.profile);
    command.push(log_option(&log_config));
    command.push("kafka.Kafka".into());
    command.push(config.into());
    let port = ports.kafka;
    Ok(Launch {
        name: "Kafka",
        version: program.kafka.version.clone(),
        command,
        folder: folder.to_owned(),
        log,
        port,
        grace: Duration::from_secs(15),
        ready_within: Duration::from_mins(1),
        probe: Box::new(move || kafka_wire::is_serving(port)),
    })
}

fn each(listeners: &[Listener], form: impl Fn(usize, &Listener) -> String) -> String {
    let forms = listeners.iter().enumerate();
    forms
        .map(|(number, listener)| form(number, listener))
        .collect()
}

fn format_storage(program: &Program, config: &Path, log_config: &Path) -> Result<(), Error> {
    let mut words = program.java_command(Profile::Light).into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command
        .args(words)
        .arg(log_option(log_config))
        .args(["kafka.tools.StorageTool", "format", "--ignore-formatted"])
        .args(["--cluster-id", &cluster_id(), "--config"])
        .arg(config);
    run(&mut command).map(|_| ())
}

fn log_option(log_config: &Path) -> OsString {
    let mut option = OsString::from("-Dlog4j2.configurationFile=");
    option.push(log_config);
    option
}

/// 22 characters of base64, as Kafka writes its UUIDs; hexadecimal digits are a part of those.
fn cluster_id() -> String {
    let half = || RandomState::new().build_hasher().finish();
    let digits = format!("{:016x}{:016x}", half(), half());
    format!("{}A", &digits[..21])
}

fn write(
    folder: &Path,
    name: &str,
    template: &str,
    values: &[(&str, String)],
) -> Result<PathBuf, Error> {
    let text = values
        .iter()
        .fold(template.to_owned(), |text, (key, value)| {
            text.replace(&format!("@{key}@"), value)
        });
    let file = folder.join(name);
    fs::write(&file, text).at("writing", &file)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_ids_have_the_length_of_kafkas_uuids_and_differ() {
        assert_eq!(cluster_id().len(), 22);
        assert_ne!(cluster_id(), cluster_id());
    }
}
