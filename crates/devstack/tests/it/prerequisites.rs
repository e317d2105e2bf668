//! What is said when something is missing or is not what it should be.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use devstack::{DevStack, Error, KAFKA_BROKERS_ENV, MONGODB_URI_ENV};

use crate::fixture::options;

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[test]
fn an_empty_path_names_every_program_where_it_was_sought_and_what_would_do() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_devstack"))
        .arg(dir.path().join("data"))
        .env_clear()
        .env("PATH", dir.path())
        .env("QUADRILLE_CACHE", dir.path().join("cache"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    for word in [
        "java (17 or newer",
        "mvn",
        "python3 with pip",
        "is missing: looked in",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
    for way_out in [
        "apt-get install",
        KAFKA_BROKERS_ENV,
        MONGODB_URI_ENV,
        "KAFKA_HOME",
    ] {
        assert!(text.contains(way_out), "{way_out} in {text}");
    }
    assert!(text.contains(&*dir.path().to_string_lossy()), "{text}");
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[tokio::test]
async fn a_download_with_another_checksum_is_refused_and_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    // A Maven that copies one jar of the right name with the wrong contents.
    let forged = r#"#!/bin/sh
for argument; do case $argument in -DoutputDirectory=*) libs=${argument#*=} ;; esac; done
mkdir -p "$libs" && echo forged >"$libs/kafka_2.13-4.3.1.jar"
"#;
    program(&bin.join("mvn"), forged);
    let mut wanted = options(&dir.path().join("data"));
    let (_mongodb, address) = listener();
    wanted.environment.mongodb_uri = Some(format!("mongodb://{address}"));
    wanted.environment.kafka_home = None;
    wanted.environment.cache = Some(dir.path().join("cache"));
    let path = wanted.environment.path.take().unwrap();
    let with_forgery = [bin].into_iter().chain(std::env::split_paths(&path));
    wanted.environment.path = Some(std::env::join_paths(with_forgery).unwrap());

    let error = DevStack::start(wanted).await.unwrap_err();
    assert!(matches!(error, Error::Checksum { .. }), "{error}");
    assert!(error.to_string().contains(".jar"), "{error}");
    let kept: Vec<_> = fs::read_dir(dir.path().join("cache"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(kept.len(), 1, "only the locks: {kept:?}");
}

fn program(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn given_addresses_are_used_as_they_are_and_nothing_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let ((_kafka, brokers), (_mongod, address)) = (listener(), listener());
    let mut wanted = options(&dir.path().join("data"));
    wanted.environment.path = None;
    wanted.environment.kafka_brokers = Some(brokers.clone());
    wanted.environment.mongodb_uri = Some(format!("mongodb://{address}/?replicaSet=rs9"));
    let stack = DevStack::start(wanted).await.unwrap();
    assert_eq!(stack.kafka_brokers(), brokers);
    assert_eq!(
        stack.mongodb_uri(),
        format!("mongodb://{address}/?replicaSet=rs9")
    );
    assert!(stack.kafka().is_none() && stack.mongod().is_none() && stack.data_dir().is_none());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
