//! Ports of the servers: free, below the ephemeral range, and the same again after a restart.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde::{Deserialize, Serialize};

use crate::error::{At, Error};

/// Linux takes ephemeral source ports from 32768 up; a probe that connects to its own port number
/// would otherwise find itself. Below 20000 are the well-known ones.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Longer than any fork takes to become an exec.
const FORK_TIME: Duration = Duration::from_millis(200);

/// The ports of one stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) kafka: u16,
    pub(crate) kafka_controller: u16,
    pub(crate) mongod: u16,
}

impl Ports {
    /// The ports of the last run in `file` as far as they are free, new ones otherwise. Saved.
    pub(crate) fn load_or_choose(file: &Path) -> Result<Self, Error> {
        let old: Option<Self> = fs::read(file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let keep = |port: fn(&Self) -> u16| old.as_ref().map(port).filter(|port| gets_free(*port));
        let mut taken = Vec::new();
        let ports = Self {
            kafka: pick(keep(|p| p.kafka), &mut taken)?,
            kafka_controller: pick(keep(|p| p.kafka_controller), &mut taken)?,
            mongod: pick(keep(|p| p.mongod), &mut taken)?,
        };
        ports.save(file)?;
        Ok(ports)
    }

    pub(crate) fn save(self, file: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec(&self).unwrap_or_default();
        fs::write(file, text).at("writing", file)
    }

    /// New ports for Kafka, after another process took one between the probe and the start.
    pub(crate) fn renew_kafka(&mut self) -> Result<(), Error> {
        let mut taken = vec![self.kafka, self.kafka_controller, self.mongod];
        self.kafka = pick(None, &mut taken)?;
        self.kafka_controller = pick(None, &mut taken)?;
        Ok(())
    }

    /// A new port for mongod, likewise.
    pub(crate) fn renew_mongod(&mut self) -> Result<(), Error> {
        let mut taken = vec![self.kafka, self.kafka_controller, self.mongod];
        self.mongod = pick(None, &mut taken)?;
        Ok(())
    }
}

fn pick(wanted: Option<u16>, taken: &mut Vec<u16>) -> Result<u16, Error> {
    let port = match wanted.filter(|port| !taken.contains(port)) {
        Some(port) => port,
        None => free_port(taken)?,
    };
    taken.push(port);
    Ok(port)
}

fn free_port(taken: &[u16]) -> Result<u16, Error> {
    let width = RANGE.end - RANGE.start;
    // A random start keeps processes which look at the same moment apart.
    let seed = RandomState::new().build_hasher().finish() % u64::from(width);
    let seed = u16::try_from(seed).unwrap_or(0);
    (0..width)
        .map(|offset| RANGE.start + (seed + offset) % width)
        .find(|port| !taken.contains(port) && is_free(*port))
        .ok_or_else(|| Error::Io {
            what: format!("looking for a free port in {RANGE:?} on 127.0.0.1"),
            source: std::io::ErrorKind::AddrInUse.into(),
        })
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// A port worth keeping is asked for more than once: a child that another thread forks has a copy
/// of our closed probe until its exec.
fn gets_free(port: u16) -> bool {
    let begin = Instant::now();
    loop {
        if is_free(port) {
            return true;
        }
        if begin.elapsed() > FORK_TIME {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_kept_and_taken_ones_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ports.json");
        let first = Ports::load_or_choose(&file).unwrap();
        assert!(
            [first.kafka, first.kafka_controller, first.mongod]
                .iter()
                .all(|p| RANGE.contains(p))
        );
        assert_eq!(Ports::load_or_choose(&file).unwrap(), first);

        let _held = TcpListener::bind(("127.0.0.1", first.mongod)).unwrap();
        let second = Ports::load_or_choose(&file).unwrap();
        assert_ne!(second.mongod, first.mongod);
        assert_eq!(
            (second.kafka, second.kafka_controller),
            (first.kafka, first.kafka_controller)
        );
    }

    #[test]
    fn a_stack_never_gets_the_same_port_twice() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ports.json");
        let same = Ports {
            kafka: 20_001,
            kafka_controller: 20_001,
            mongod: 20_001,
        };
        same.save(&file).unwrap();
        let chosen = Ports::load_or_choose(&file).unwrap();
        assert_ne!(chosen.kafka, chosen.kafka_controller);
        assert_ne!(chosen.kafka, chosen.mongod);
        assert_ne!(chosen.kafka_controller, chosen.mongod);
    }
}
