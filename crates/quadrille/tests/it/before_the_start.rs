//! What is done before a shop's first start: tables, the first admin, safe connections.

use std::io::Write;
use std::process::{Output, Stdio};

use bson::{Document, doc};
use outbox::mongo::{MongoDatabase, MongoOptions};
use testkit::TestEnvironment;

use crate::{quadrille, run, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_once_and_for_all() {
    let environment = TestEnvironment::new().await;
    for (service, table, index) in [
        ("auth", "accounts", "email_1"),
        ("products", "reservations", "relearned"),
        ("orders", "orders", "pending"),
    ] {
        let name = environment.database_name(service);
        let line = [
            "migrate",
            service,
            "--mongodb-uri",
            environment.mongodb_uri(),
            "--mongodb-database",
            &name,
        ];
        for _ in 0..2 {
            let output = run(&line);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert!(stdout(&output).contains(&name), "{}", stdout(&output));
        }
        let options = MongoOptions::default();
        let database = MongoDatabase::connect(environment.mongodb_uri(), &name, options)
            .await
            .unwrap();
        let table = database.database().collection::<Document>(table);
        let indexes = table.list_index_names().await.unwrap();
        assert!(
            indexes.iter().any(|found| found == index),
            "{service}: {indexes:?}"
        );
    }
}

#[test]
fn an_unreachable_mongodb_is_reported() {
    let line = [
        "migrate",
        "orders",
        "--mongodb-uri",
        "mongodb://127.0.0.1:1/",
        "--mongodb-timeout",
        "500ms",
    ];
    let output = run(&line);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("the collections of orders can't be created"),
        "{}",
        stderr(&output)
    );
}

/// `quadrille accounts add …` with `input`, and with `variable` as the password.
fn add(
    environment: &TestEnvironment,
    words: &[&str],
    input: &str,
    variable: Option<&str>,
) -> Output {
    let name = environment.database_name("auth");
    let name = format!("auth={name}");
    let place = [
        "--mongodb-uri",
        environment.mongodb_uri(),
        "--databases",
        &name,
    ];
    let mut command = quadrille(&[&["accounts", "add"], words, &place].concat());
    if let Some(password) = variable {
        command.env("QUADRILLE_ADMIN_PASSWORD", password);
    }
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    // Who reads no input has ended already.
    let _ = running.stdin.take().unwrap().write_all(input.as_bytes());
    running.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_made_with_a_password_from_the_input_or_the_environment() {
    let environment = TestEnvironment::new().await;
    let (one, other) = (
        ["one@shop.example", "--role=admin"],
        ["other@shop.example", "--role=user"],
    );
    let added = add(&environment, &one, "a long enough one\n", None);
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let added = add(&environment, &other, "", Some("another long one"));
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));

    let again = add(&environment, &one, "a different one\n", None);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(
        stdout(&again).contains("was left as it is"),
        "{}",
        stdout(&again)
    );
    let promoted = add(
        &environment,
        &["other@shop.example", "--role=admin"],
        "",
        Some("another long one"),
    );
    assert_eq!(promoted.status.code(), Some(1));
    assert!(
        stderr(&promoted).contains("has an account with the role user"),
        "{}",
        stderr(&promoted)
    );

    let options = MongoOptions::default();
    let name = environment.database_name("auth");
    let database = MongoDatabase::connect(environment.mongodb_uri(), &name, options)
        .await
        .unwrap();
    let accounts = database.database().collection::<Document>("accounts");
    let admins = accounts
        .find_one(doc! { "role": "admin" })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(admins.get_str("email").unwrap(), "one@shop.example");
    assert!(
        admins
            .get_str("password")
            .unwrap()
            .starts_with("$argon2id$")
    );
    assert_eq!(accounts.count_documents(doc! {}).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_none_and_an_address_that_is_none_are_refused() {
    let environment = TestEnvironment::new().await;
    let admin = ["one@shop.example", "--role=admin"];
    let cases: [(&[&str], &str, &str); 3] = [
        (&admin, "", "QUADRILLE_ADMIN_PASSWORD"),
        (&admin, "short\n", "one@shop.example"),
        (&["nobody", "--role=admin"], "a long enough one\n", "nobody"),
    ];
    for (words, input, reason) in cases {
        let output = add(&environment, words, input, None);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(
            stderr(&output).contains(reason),
            "{words:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn settings_for_kafkas_security_are_read_checked_and_hidden() {
    let check = |variables: &[(&str, &str)]| {
        let mut command = quadrille(&["config", "check", "orders"]);
        for (name, value) in variables {
            command.env(format!("QUADRILLE_KAFKA_{name}"), value);
        }
        command.output().unwrap()
    };
    let login = [
        ("SECURITY_PROTOCOL", "SASL_SSL"),
        ("USERNAME", "orders"),
        ("PASSWORD", "geheim"),
    ];
    let sound = check(&login);
    let page = stdout(&sound);
    assert!(sound.status.success(), "{}", stderr(&sound));
    assert!(
        page.contains("QUADRILLE_KAFKA_PASSWORD") && !page.contains("geheim"),
        "{page}"
    );
    assert!(page.contains("SCRAM-SHA-512  [default]"), "{page}");
    let refused = [
        (&login[..2], "QUADRILLE_KAFKA_PASSWORD"),
        (&login[1..], "QUADRILLE_KAFKA_SECURITY_PROTOCOL=plaintext"),
    ];
    for (variables, reason) in refused {
        let output = check(variables);
        assert_eq!(output.status.code(), Some(1), "{variables:?}");
        assert!(
            stderr(&output).contains(reason),
            "{variables:?}: {}",
            stderr(&output)
        );
    }
    let output = check(&[("SECURITY_PROTOCOL", "tls")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("sasl_plaintext"),
        "{}",
        stderr(&output)
    );
}

/// What takes `tok_ok` for money must not get into production because a list was gone through.
#[test]
fn the_payment_simulator_is_started_by_name_and_with_a_key_only() {
    let simulator = "payment-simulator";
    assert!(!quadrille::names().contains(&simulator));
    for list in [&["services"][..], &["choreography"], &["openapi"]] {
        let output = run(list);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(!stdout(&output).contains(simulator), "{list:?}");
    }
    let output = run(&["serve", simulator, "--listen=127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("QUADRILLE_PAYMENT_SIMULATOR_KEY"), "{text}");
}

/// Two services that know nothing of each other have to know the same secrets.
#[test]
fn payments_and_the_simulator_have_the_same_secrets_in_a_demo() {
    assert_eq!(payments::DEMO_PROVIDER_KEY, payment_simulator::DEMO_KEY);
    let secret = payment_simulator::DEMO_WEBHOOK_SECRET;
    assert_eq!(payments::DEMO_WEBHOOK_SECRET, secret);
}
