//! Nothing outlives the process that started it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fixture::eventually;

/// The `devstack` program with a temporary stack, ready.
struct Starter {
    child: Child,
    servers: Vec<i32>,
    folder: PathBuf,
}

fn starter() -> Starter {
    let mut child = Command::new(env!("CARGO_BIN_EXE_devstack"))
        .env_remove(devstack::KAFKA_BROKERS_ENV)
        .env_remove(devstack::MONGODB_URI_ENV)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let (mut servers, mut folder) = (Vec::new(), None);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.split_once(' ') {
            Some(("pid", pid)) => servers.push(pid.parse().unwrap()),
            Some(("folder", path)) => folder = Some(PathBuf::from(path)),
            _ if line == "ready" => break,
            _ => {}
        }
    }
    assert_eq!(servers.len(), 2);
    Starter {
        child,
        servers,
        folder: folder.unwrap(),
    }
}

fn runs(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

#[test]
fn servers_and_their_folder_go_when_the_starter_is_killed() {
    let mut starter = starter();
    assert!(starter.servers.iter().all(|pid| runs(*pid)));
    // A stopped server is the hard case: it acts on no TERM until it goes on.
    kill(Pid::from_raw(starter.servers[1]), Signal::SIGSTOP).unwrap();
    starter.child.kill().unwrap();
    starter.child.wait().unwrap();
    eventually("both servers ended", || {
        !starter.servers.iter().any(|pid| runs(*pid))
    });
    eventually("the folder is removed", || !starter.folder.exists());
}

#[test]
fn a_terminals_ctrl_c_does_not_reach_the_servers() {
    let mut starter = starter();
    let group = |pid| nix::unistd::getpgid(Some(Pid::from_raw(pid))).unwrap();
    let own = i32::try_from(starter.child.id()).unwrap();
    for pid in &starter.servers {
        assert_ne!(group(*pid), group(own));
    }
    drop(starter.child.stdin.take());
    assert!(starter.child.wait().unwrap().success());
    assert!(!starter.servers.iter().any(|pid| runs(*pid)));
    assert!(!starter.folder.exists());
}
