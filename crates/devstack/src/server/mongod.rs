//! mongod as a replica set of one node.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bson::doc;

use super::{Launch, mongo_wire};
use crate::error::{At, Error};
use crate::locate::MongodInstall;
use crate::options::Options;
use crate::ports::Ports;

const SET: &str = "rs0";
const TRANSACTION_LIFETIME: &str = "transactionLifetimeLimitSeconds=10";
/// Server error code of `replSetInitiate` on a set that has a configuration.
const ALREADY_INITIALIZED: i32 = 23;

/// The launch of mongod with its data in `folder`.
pub(crate) fn launch(
    install: &MongodInstall,
    folder: &Path,
    ports: Ports,
    options: &Options,
) -> Result<Launch, Error> {
    let data = folder.join("db");
    fs::create_dir_all(&data).at("creating", &data)?;
    let log = folder.join("mongod.log");
    let port = ports.mongod;
    let mut command: Vec<OsString> = vec![install.program.clone().into()];
    let mut option = |name: &str, value: &str| command.extend([name.into(), value.into()]);
    option("--port", &port.to_string());
    option("--bind_ip", "127.0.0.1");
    option("--replSet", SET);
    // The pinned mongod is of an old patch level; zlib decompression is where it is vulnerable.
    option("--networkMessageCompressors", "disabled");
    let cache_gb = f64::from(options.mongod_cache_mb) / 1024.0;
    option("--wiredTigerCacheSizeGB", &cache_gb.to_string());
    option("--oplogSize", &options.oplog_mb.to_string());
    // Diagnostics recorded every second, for which nobody looks here.
    option("--setParameter", "diagnosticDataCollectionEnabled=false");
    // A service that is killed leaves its transaction open, and what that has written locked, for
    // this long and half as long again; 60 s by default.
    option("--setParameter", TRANSACTION_LIFETIME);
    if options.test_commands {
        option("--setParameter", "enableTestCommands=1");
    }
    command.push("--nounixsocket".into());
    command.extend(["--dbpath".into(), data.into()]);
    command.extend(["--logpath".into(), log.clone().into(), "--logappend".into()]);
    Ok(Launch {
        name: "mongod",
        version: install.version.clone(),
        command,
        folder: folder.to_owned(),
        log,
        port,
        grace: Duration::from_secs(20),
        ready_within: Duration::from_mins(1),
        probe: Box::new(move || primary(port)),
    })
}

/// Whether the node is a writable primary; makes it a replica set of one node on its way there.
///
/// With a program at the old port that accepts connections and stays silent, mongod asks that one
/// for half a minute whether it is itself before it takes the new configuration.
fn primary(port: u16) -> Result<(), String> {
    let hello =
        mongo_wire::command(port, doc! { "hello": 1 }).map_err(|error| error.to_string())?;
    if hello
        .get_bool("isWritablePrimary")
        .is_ok_and(|primary| primary)
    {
        return Ok(());
    }
    if hello.contains_key("setName") {
        return Err("the node is not primary yet".to_owned());
    }
    let ask = |command| mongo_wire::command(port, command).map_err(|error| error.to_string());
    let config = doc! {
        "_id": SET,
        "members": [{ "_id": 0, "host": format!("127.0.0.1:{port}") }],
    };
    let initiated = ask(doc! { "replSetInitiate": config.clone() })?;
    if initiated
        .get_i32("code")
        .is_ok_and(|code| code == ALREADY_INITIALIZED)
    {
        // The stored configuration names the port of an earlier run, so the node does not find
        // itself in it. Only a forced change is accepted then; the server raises the version.
        let mut config = config;
        config.insert("version", 1);
        let moved = ask(doc! { "replSetReconfig": config, "force": true })?;
        mongo_wire::accepted(&moved)?;
    } else {
        mongo_wire::accepted(&initiated)?;
    }
    Err("the replica set was configured a moment ago".to_owned())
}
