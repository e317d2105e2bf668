//! Fixtures for tests on the real Kafka and MongoDB
