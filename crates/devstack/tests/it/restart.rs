//! Starting, starting again, and starting over.

use std::net::{Ipv4Addr, TcpListener};

use bson::doc;
use devstack::{DevStack, Error, Profile};

use crate::fixture::{accepted, command, documents, kafka, mongod, options, record, topics, write};

#[tokio::test]
async fn a_temporary_stack_is_ready_when_it_is_handed_over_and_leaves_nothing() {
    let mut wanted = options("".as_ref());
    wanted.test_commands = true;
    let stack = DevStack::start_temporary(wanted).await.unwrap();
    let folder = stack.data_dir().unwrap().to_owned();

    for server in [kafka(&stack), mongod(&stack)] {
        assert!((20_000..32_000).contains(&server.port()), "{server:?}");
        assert!(server.memory_bytes().unwrap() > 10_000_000, "{server:?}");
        // A listener on all addresses would answer here as well.
        let elsewhere = (Ipv4Addr::new(127, 0, 0, 2), server.port());
        assert!(
            std::net::TcpStream::connect(elsewhere).is_err(),
            "{server:?}"
        );
    }
    assert!(stack.mongodb_uri().ends_with("/?directConnection=true"));
    let port = mongod(&stack).port();
    let hello = command(port, doc! { "hello": 1 }).unwrap();
    assert!(hello.get_bool("isWritablePrimary").unwrap(), "{hello}");
    assert_eq!(hello.get_str("setName").unwrap(), "rs0");
    assert!(!hello.contains_key("compression"), "{hello}");
    let fail_point = doc! { "configureFailPoint": "failCommand", "mode": "off", "$db": "admin" };
    let answer = command(port, fail_point).unwrap();
    assert!(accepted(&answer), "{answer}");
    assert_eq!(topics(&stack), Vec::<String>::new());

    stack.shutdown().await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn data_and_ports_survive_a_restart_and_another_profile() {
    let dir = tempfile::tempdir().unwrap();
    let stack = DevStack::start(options(dir.path())).await.unwrap();
    let addresses = (
        stack.kafka_brokers().to_owned(),
        stack.mongodb_uri().to_owned(),
    );
    write(&stack).await;
    stack.shutdown().await;

    let mut wanted = options(dir.path());
    wanted.profile = Profile::Throughput;
    let stack = DevStack::start(wanted).await.unwrap();
    let again = (
        stack.kafka_brokers().to_owned(),
        stack.mongodb_uri().to_owned(),
    );
    assert_eq!(again, addresses);
    assert_eq!(documents(&stack), 1);
    assert_eq!(record(&stack).as_deref(), Some("kept"));

    let fail_point = doc! { "configureFailPoint": "failCommand", "mode": "off", "$db": "admin" };
    let answer = command(mongod(&stack).port(), fail_point).unwrap();
    assert!(!accepted(&answer), "test commands are off: {answer}");
    stack.shutdown().await;
}

#[tokio::test]
async fn data_survives_when_another_program_has_taken_the_ports() {
    let dir = tempfile::tempdir().unwrap();
    let stack = DevStack::start(options(dir.path())).await.unwrap();
    let ports = [kafka(&stack).port(), mongod(&stack).port()];
    write(&stack).await;
    stack.shutdown().await;

    for port in ports {
        let other = TcpListener::bind(("127.0.0.1", port)).unwrap();
        // It hangs up on everybody; mongod asks at its old port whether that is itself.
        std::thread::spawn(move || other.incoming().for_each(drop));
    }
    let stack = DevStack::start(options(dir.path())).await.unwrap();
    assert_ne!(kafka(&stack).port(), ports[0]);
    assert_ne!(mongod(&stack).port(), ports[1]);
    assert_eq!(documents(&stack), 1);
    assert_eq!(record(&stack).as_deref(), Some("kept"));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_folder_is_used_by_one_stack_at_a_time_and_fresh_empties_it() {
    let dir = tempfile::tempdir().unwrap();
    let stack = DevStack::start(options(dir.path())).await.unwrap();
    write(&stack).await;
    stack
        .describe_holder("serving http://localhost:8080")
        .unwrap();

    let mut fresh = options(dir.path());
    fresh.fresh = true;
    let error = DevStack::start(fresh.clone()).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    assert!(
        error.to_string().contains("http://localhost:8080"),
        "{error}"
    );
    assert_eq!(documents(&stack), 1, "the refused start changed nothing");
    // Dropped, not shut down: the next start waits for the servers to end.
    drop(stack);

    let stack = DevStack::start(fresh).await.unwrap();
    assert_eq!(documents(&stack), 0);
    assert_eq!(record(&stack), None);
    stack.shutdown().await;
}
