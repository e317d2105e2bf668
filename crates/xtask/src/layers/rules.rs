//! The table of docs/architecture.md, as data.

/// What a crate's `lib.rs` has when it is a service: those are looked into.
pub(crate) const SERVICE_MARK: &str = "Service for ";

/// Crates of the workspace that each crate may import (not for its tests), services apart.
pub(crate) const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("topic-ids", &[]),
    ("outbox", &["topic-ids"]),
    ("service", &[]),
    ("devstack", &[]),
    ("events", &["outbox"]),
    ("replica", &["outbox"]),
    ("host", &["events", "outbox", "replica", "service"]),
    ("gateway", &["service", "events"]),
    ("quadrille", APPLICATION),
    ("e2e", APPLICATION),
    ("model", &[]),
    (
        "controls",
        &["events", "orders", "outbox", "products", "replica"],
    ),
    (
        "simulation",
        &[
            "controls",
            "events",
            "host",
            "notifications",
            "orders",
            "outbox",
            "products",
            "replica",
        ],
    ),
    (
        "testkit",
        &["devstack", "events", "host", "outbox", "service"],
    ),
    ("xtask", &["devstack"]),
];

/// Crates that a service may import.
pub(crate) const A_SERVICE: &[&str] = &["events", "host", "outbox", "replica", "service"];

/// Those that bring the services together.
pub(crate) const APPLICATIONS: &[&str] = &["quadrille", "e2e"];

/// Crates that they may import besides every service.
const APPLICATION: &[&str] = &[
    "devstack",
    "events",
    "gateway",
    "host",
    "outbox",
    "quadrille",
    "replica",
    "service",
];

/// For tests only, in every crate of the product.
pub(crate) const DEV_ONLY: &[&str] = &["controls", "testkit"];

/// Libraries that only some crates may import, and those that may for their tests besides.
pub(crate) const LIBRARIES: &[(&str, &[&str], &[&str])] = &[
    (
        "rdkafka",
        &["outbox", "testkit", "topic-ids"],
        &["devstack", "e2e"],
    ),
    ("mongodb", &["outbox", "replica", "testkit"], &["e2e"]),
];

/// Of [`LIBRARIES`], those that every service may import.
pub(crate) const LIBRARIES_OF_SERVICES: &[&str] = &["mongodb"];

/// In a service, words that stand in its `store/` only.
pub(crate) const STORE_ONLY: &[&str] = &["mongodb", "bson"];

/// What a service's `domain/` may import; of `jiff` and `uuid` the plain data.
pub(crate) const DOMAIN_MAY_IMPORT: &[&str] = &[
    "events",
    "serde",
    "thiserror",
    "jiff",
    "uuid",
    "icu_properties",
    "zxcvbn",
];

/// Parts of the standard library that do I/O or look at a clock.
pub(crate) const NOT_IN_DOMAIN_STD: &[&str] = &["env", "fs", "io", "net", "process", "thread"];

/// Functions that look at a clock or draw an id; the domain gets times and ids as arguments.
pub(crate) const NOT_IN_DOMAIN_CALLS: &[&str] = &["now", "now_v7", "new_v4", "now_v1", "now_v6"];

/// Imports inside a crate that tie a circle of files and are still to be undone, as file and file.
/// `host`'s stay: a service is a trait that declares itself to an `App` of its own type.
pub(crate) const KNOWN_CIRCLES: &[(&str, &str)] = &[
    ("crates/host/src/service.rs", "crates/host/src/app.rs"),
    ("crates/host/src/service.rs", "crates/host/src/run.rs"),
];
