//! Finds or provisions a real Kafka and a real MongoDB
