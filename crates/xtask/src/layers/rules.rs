//! The table of docs/architecture.md, as data.

/// The services, whose source files are looked into.
pub(crate) const SERVICES: &[&str] = &["auth", "products", "orders"];

/// Crates of the workspace that each crate may import (not for its tests).
pub(crate) const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("outbox", &[]),
    ("service", &[]),
    ("devstack", &[]),
    ("events", &["outbox"]),
    ("auth", &["events", "outbox", "service"]),
    ("operations", &["outbox", "service"]),
    ("products", &["events", "operations", "outbox", "service"]),
    ("orders", &["events", "operations", "outbox", "service"]),
    ("gateway", &["service", "events"]),
    ("quadrille", APPLICATION),
    ("e2e", APPLICATION),
    ("model", &[]),
    ("controls", &["events", "orders", "outbox", "products"]),
    (
        "simulation",
        &["controls", "events", "orders", "outbox", "products"],
    ),
    ("testkit", &["devstack", "outbox", "service", "events"]),
    ("xtask", &["devstack"]),
];

const APPLICATION: &[&str] = &[
    "auth",
    "devstack",
    "events",
    "gateway",
    "orders",
    "outbox",
    "products",
    "quadrille",
    "service",
];

/// For tests only, in every crate of the product.
pub(crate) const DEV_ONLY: &[&str] = &["controls", "testkit"];

/// Libraries that only some crates may import, and those that may for their tests besides.
pub(crate) const LIBRARIES: &[(&str, &[&str], &[&str])] = &[
    ("rdkafka", &["outbox", "testkit"], &["devstack", "e2e"]),
    (
        "mongodb",
        &["outbox", "auth", "products", "orders", "testkit"],
        &["e2e"],
    ),
];

/// In a service, words that stand in its `store/` only.
pub(crate) const STORE_ONLY: &[&str] = &["mongodb", "bson"];

/// What a service's `domain/` may import; of `jiff` and `uuid` the plain data.
pub(crate) const DOMAIN_MAY_IMPORT: &[&str] = &["events", "serde", "thiserror", "jiff", "uuid"];

/// Parts of the standard library that do I/O or look at a clock.
pub(crate) const NOT_IN_DOMAIN_STD: &[&str] = &["env", "fs", "io", "net", "process", "thread"];

/// Functions that look at a clock or draw an id; the domain gets times and ids as arguments.
pub(crate) const NOT_IN_DOMAIN_CALLS: &[&str] = &["now", "now_v7", "new_v4", "now_v1", "now_v6"];
