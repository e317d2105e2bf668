//! Servers that are killed, paused and started again while their clients look on.

use bson::doc;
use devstack::DevStack;

use crate::fixture::{accepted, command, documents, kafka, mongod, options, record, write};

#[tokio::test]
async fn killed_servers_start_again_on_their_ports_with_their_data() {
    let stack = DevStack::start_temporary(options("".as_ref()))
        .await
        .unwrap();
    write(&stack).await;
    for server in [kafka(&stack), mongod(&stack)] {
        let pid = server.pid().unwrap();
        server.kill().await.unwrap();
        assert_eq!(server.pid(), None);
        assert!(
            server
                .kill()
                .await
                .unwrap_err()
                .to_string()
                .contains("does not run")
        );
        assert!(std::net::TcpStream::connect(("127.0.0.1", server.port())).is_err());
        server.start().await.unwrap();
        assert_ne!(server.pid().unwrap(), pid);
        let pid = server.pid();
        server.start().await.unwrap();
        assert_eq!(server.pid(), pid, "a running server is left alone");
    }
    assert_eq!(documents(&stack), 1);
    assert_eq!(record(&stack).as_deref(), Some("kept"));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_paused_server_is_silent_until_it_is_resumed_and_can_be_ended() {
    let stack = DevStack::start_temporary(options("".as_ref()))
        .await
        .unwrap();
    let server = mongod(&stack);
    server.pause().unwrap();
    let silent = command(server.port(), doc! { "ping": 1 });
    assert!(silent.is_err(), "{silent:?}");
    server.resume().unwrap();
    let answer = command(server.port(), doc! { "ping": 1 }).unwrap();
    assert!(accepted(&answer), "{answer}");

    server.pause().unwrap();
    server.terminate().await.unwrap();
    assert_eq!(server.pid(), None);
    stack.shutdown().await;
}
