//! The one Kafka and the one MongoDB that all tests of a process share.
//!
//! `cargo xtask test` starts a stack and gives its addresses to every test process in the
//! environment. Plain `cargo test` has none: then the first test that asks starts a temporary one,
//! which ends with the process and takes its folder along.

use std::sync::Arc;

use devstack::{DevStack, Environment, Lines, Options, Server};
use tokio::sync::OnceCell;

static SHARED: OnceCell<Stack> = OnceCell::const_new();

/// Addresses of a running Kafka and MongoDB. Nothing in it belongs to the async runtime of the test
/// that started it.
#[derive(Debug)]
pub struct Stack {
    devstack: DevStack,
}

impl Stack {
    /// Kafka's bootstrap servers, `host:port` separated by commas.
    pub fn kafka_brokers(&self) -> &str {
        self.devstack.kafka_brokers()
    }

    /// MongoDB's connection string.
    pub fn mongodb_uri(&self) -> &str {
        self.devstack.mongodb_uri()
    }
}

/// The stack that the tests of this process share; started by the first that asks.
///
/// # Panics
/// When there is none to be had; the message says what is missing.
pub async fn shared() -> &'static Stack {
    SHARED
        .get_or_init(|| async {
            Stack {
                devstack: start(Environment::from_process()).await,
            }
        })
        .await
}

/// A stack of the test's own, to be killed, paused and started again (see [`DevStack::kafka`]).
/// It ends when it is dropped.
///
/// # Panics
/// When there is none to be had; the message says what is missing.
pub async fn private() -> DevStack {
    let mut environment = Environment::from_process();
    environment.kafka_brokers = None;
    environment.mongodb_uri = None;
    start(environment).await
}

/// The Kafka and the mongod of a [`private`] stack.
///
/// # Panics
/// When the stack was not started here.
#[expect(clippy::expect_used, reason = "testkit is used by tests only")]
pub fn servers(stack: &DevStack) -> (&Server, &Server) {
    let kafka = stack.kafka().expect("a private stack has its own Kafka");
    let mongod = stack.mongod().expect("a private stack has its own mongod");
    (kafka, mongod)
}

#[expect(clippy::panic, reason = "testkit is used by tests only")]
async fn start(environment: Environment) -> DevStack {
    let mut options = Options::new("");
    options.environment = environment;
    options.test_commands = true;
    options.progress = Arc::new(Lines);
    match DevStack::start_temporary(options).await {
        Ok(stack) => stack,
        Err(error) => panic!("no Kafka and MongoDB for the tests: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_on_runtimes_of_their_own_share_one_stack_that_outlives_them() {
        let addresses = || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let stack = runtime.block_on(shared());
            (stack.kafka_brokers(), stack.mongodb_uri())
        };
        let first = std::thread::spawn(addresses).join().unwrap();
        assert_eq!(addresses(), first);
        let broker = first.0.split(',').next().unwrap();
        std::net::TcpStream::connect(broker).unwrap();
    }
}
