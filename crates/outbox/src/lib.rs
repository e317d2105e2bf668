//! Transactional outbox and idempotent inbox for MongoDB and Kafka
