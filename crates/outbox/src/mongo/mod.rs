//! MongoDB as the database of outbox, checkpoints and state.
//!
//! Everything is written with `w: majority, j: true` and read from a majority's snapshot:
//! what a transaction has seen can't be rolled back under it. The tables:
//!
//! | collection | a document is |
//! |---|---|
//! | `outbox` | the messages of one transaction, deleted once the broker has them |
//! | `outbox_leases` | who publishes a shard, until when |
//! | `outbox_bell` | a notification of an instance that does not publish; capped |
//! | `checkpoints` | how far a consumer group is in a partition, and whose turn it is |
//! | `dead_letters` | a message set aside |
//! | `dead_letter_actions` | what an operator did with one |
//! | `jobs` | a job, or the id of one that has ended |
//! | `job_actions` | what an operator did with one |
//! | `idempotency` | a request's key and its answer; forgotten after 7 days |
//! | `migrations` | how far a migration of older data has come |
//! | `restoring` | that a restore is not finished; there only then |

mod collections;
mod database;
mod dead_letters;
mod fault;
mod health;
mod idempotency;
mod inbox;
mod jobs;
mod migrations;
mod notifier;
mod outbox;
mod pool;
mod restore_check;
mod restoring;
mod rows;
mod snapshot;
mod stored;
mod timeout;

pub use database::{MongoDatabase, MongoOptions, MongoTx};
pub use inbox::topic_id;
pub use migrations::MigrationState;
pub use restoring::{RESTORING, Restoring};
pub use stored::read_stored;
pub use timeout::{WithTimeout, documents};
