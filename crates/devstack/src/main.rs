//! A stack by hand: `cargo run -p devstack -- FOLDER` starts one in the folder (without an argument
//! in a temporary one), prints its addresses, the process ids and the folder, and ends it when
//! standard input closes.

use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use devstack::{DevStack, Error, Lines, Options};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let folder = std::env::args_os().nth(1);
    let mut options = Options::new(folder.clone().unwrap_or_default());
    options.progress = Arc::new(Lines);
    let stack = match folder {
        Some(_) => DevStack::start_blocking(&options)?,
        None => DevStack::start_temporary_blocking(options)?,
    };
    println!("kafka {}", stack.kafka_brokers());
    println!("mongodb {}", stack.mongodb_uri());
    for server in [stack.kafka(), stack.mongod()].into_iter().flatten() {
        println!("pid {}", server.pid().unwrap_or_default());
    }
    if let Some(folder) = stack.data_dir() {
        println!("folder {}", folder.display());
    }
    println!("ready");
    // An error reads like the end of the input: nobody is there any more.
    let _ = std::io::stdin().read(&mut [0]);
    for server in [stack.kafka(), stack.mongod()].into_iter().flatten() {
        let megabytes = server.memory_bytes().unwrap_or_default() / 1_000_000;
        eprintln!("{} {}: {megabytes} MB", server.name(), server.version());
    }
    stack.shutdown_blocking();
    Ok(())
}
