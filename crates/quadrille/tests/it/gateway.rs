//! The gateway alone, as the process that is deployed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::quadrille;

/// Ends with the value.
pub(crate) struct Gateway {
    process: Child,
    log: BufReader<ChildStderr>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.end();
    }
}

impl Gateway {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.env("RUST_LOG", "info").stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        Self { process, log }
    }

    /// The next line of the log that says `message`.
    pub(crate) fn logged(&mut self, message: &str) -> Value {
        let mut log = String::new();
        loop {
            let before = log.len();
            let read = self.log.read_line(&mut log).unwrap();
            assert_ne!(read, 0, "no `{message}` in: {log}");
            let line: Value = serde_json::from_str(&log[before..]).unwrap();
            if line["message"].as_str().unwrap().contains(message) {
                return line;
            }
        }
    }

    /// The address in that line.
    pub(crate) fn address(&mut self, message: &str) -> String {
        self.logged(message)["address"].as_str().unwrap().to_owned()
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The gateway, which may open 200 files.
fn with_few_files(arguments: &[&str]) -> Gateway {
    let line = ["serve", "gateway", "--listen=127.0.0.1:0"];
    let gateway = quadrille(&[&line[..], arguments].concat());
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"ulimit -n 200 && exec "$@""#, "sh"]);
    shell.arg(gateway.get_program()).args(gateway.get_args());
    for (name, value) in gateway.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    Gateway::start(&mut shell)
}

#[tokio::test]
async fn fewer_files_than_connections_are_a_warning_at_the_start() {
    const WARNING: &str = "there may be more connections than files";
    let line = with_few_files(&[]).logged(WARNING);
    assert_eq!(line["level"], "WARN", "{line}");
    assert_eq!(line["files"], 200, "{line}");
    assert_eq!(line["max_connections"], 10_000, "{line}");
    assert!(line.to_string().contains("--max-connections"), "{line}");

    let mut enough = with_few_files(&["--max-connections=200"]);
    let address = enough.address("the gateway listens");
    // Once it answers, it has said what it has to say.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{address}/livez")).send().await;
    assert_eq!(answer.unwrap().status().as_u16(), 200);
    enough.end();
    let mut rest = String::new();
    enough.log.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains(WARNING), "{rest}");
}
