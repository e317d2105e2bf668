//! What librdkafka and the cryptography are compiled with.

use std::path::Path;
use std::process::Command;

use devstack::{Environment, MissingTool};

use crate::process::{on_path, succeeds};

enum Proof {
    Program(&'static str),
    /// A library's header, found by pkg-config or where compilers look.
    Header {
        library: &'static str,
        file: &'static str,
    },
}

const NEEDED: &[(Proof, &str, &str)] = &[
    (Proof::Program("g++"), "g++", "to compile librdkafka"),
    (Proof::Program("make"), "make", "to compile librdkafka"),
    (
        Proof::Program("pkg-config"),
        "pkg-config",
        "to find libraries",
    ),
    (
        Proof::Header {
            library: "zlib",
            file: "zlib.h",
        },
        "zlib1g-dev",
        "for librdkafka",
    ),
    (
        Proof::Header {
            library: "openssl",
            file: "openssl/ssl.h",
        },
        "libssl-dev",
        "for librdkafka",
    ),
];
const INCLUDE: [&str; 2] = ["/usr/include", "/usr/local/include"];

pub(crate) fn missing() -> Vec<MissingTool> {
    let missing = NEEDED.iter().filter(|(proof, ..)| !is_there(proof));
    missing
        .map(|(proof, package, why)| {
            let (what, looked) = match proof {
                Proof::Program(name) => (*name, Environment::from_process().path_shown()),
                Proof::Header { library, file } => {
                    let looked = format!("pkg-config ({library}), {}", INCLUDE.join(", "));
                    (*file, looked)
                }
            };
            MissingTool {
                what: format!("{what} ({why})"),
                looked,
                remedy: format!("Install it (`apt-get install {package}`)."),
                package: Some(package),
            }
        })
        .collect()
}

fn is_there(proof: &Proof) -> bool {
    match proof {
        Proof::Program(name) => on_path(name).is_some(),
        Proof::Header { library, file } => {
            succeeds(Command::new("pkg-config").args(["--exists", library]))
                || INCLUDE
                    .iter()
                    .any(|folder| Path::new(folder).join(file).exists())
        }
    }
}
