//! The binary as it is typed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// A scenario is told in one piece.
#![allow(clippy::too_many_lines)]

mod audit;
mod backup;
mod before_the_start;
mod dead_letters;
mod events;
mod gateway;
mod jobs;
mod metrics_port;
mod migrate;
mod older_build;
mod output;
mod rebuild;
mod replay;
mod shop;
mod stuck;
mod topics;

use std::process::{Command, Output};

pub(crate) fn quadrille(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quadrille"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("QUADRILLE_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    quadrille(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn help_says_where_to_start() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let help = stdout(&output);
    let words = [
        "up",
        "serve",
        "audit",
        "stuck",
        "events",
        "replay",
        "rebuild",
        "backup",
        "restore",
        "dead-letters",
        "jobs",
        "choreography",
        "Start here",
    ];
    for word in words {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn a_wrong_setting_is_refused_by_its_name() {
    let output = quadrille(&["serve", "orders"])
        .env("QUADRILLE_MONGODB_POOL_SIZE", "many")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("many") && text.contains("mongodb-pool-size"),
        "{text}"
    );
}

#[test]
fn a_misspelt_variable_is_refused_by_its_name() {
    let output = quadrille(&["choreography"])
        .env("QUADRILLE_KAFKA_BROKER", "x:1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean QUADRILLE_KAFKA_BROKERS?"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn settings_are_shown_without_their_secrets() {
    let output = quadrille(&[
        "config",
        "check",
        "products",
        "--kafka-session-timeout",
        "7s",
    ])
    .env("QUADRILLE_MONGODB_URI", "mongodb://user:geheim@localhost/")
    .output()
    .unwrap();
    let page = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(page.contains("7s  [flag]"), "{page}");
    assert!(
        page.contains("(hidden)  [environment]") && !page.contains("geheim"),
        "{page}"
    );
}

#[test]
fn the_choreography_is_printed() {
    let output = run(&["choreography"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = stdout(&output);
    assert!(
        page.contains("OrderCreate") && page.contains("products subscribes"),
        "{page}"
    );
}

#[test]
fn the_openapi_document_is_whole() {
    let output = run(&["openapi"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for path in [
        "/api/login",
        "/api/products",
        "/api/orders",
        "/api/orders/stream",
        "/api/orders_health",
    ] {
        assert!(document["paths"][path].is_object(), "{path} is missing");
    }
}

#[test]
fn commands_without_a_running_shop_say_so() {
    let elsewhere = tempfile::tempdir().unwrap();
    let order = "01890000-0000-7000-8000-000000000000";
    let commands: [&[&str]; 7] = [
        &["audit"],
        &["stuck"],
        &["events", order],
        &[
            "replay",
            "--service=orders",
            "--topic=products.product.v1",
            "--from=earliest",
        ],
        &["rebuild", "orders.products"],
        &["dead-letters", "list"],
        &["jobs", "list"],
    ];
    for command in commands {
        let output = quadrille(command).current_dir(&elsewhere).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let text = stderr(&output);
        assert!(text.contains("--mongodb-uri"), "{command:?}: {text}");
    }
}
