//! Transactional outbox and idempotent inbox for MongoDB and Kafka.
//!
//! **Purpose.** A service that owns a database and tells others what happened has to
//! change its state and publish the events as one step, and has to consume the events of
//! others exactly once in effect. This crate does both, in batches, and nothing else.
//!
//! **Boundary.** No word of any business is in here. A service brings its state, its
//! events ([`Event`]) and its handlers ([`Handle`]); this crate brings the transaction
//! ([`transact`]), the [`Outbox`](OutboxStore), the [`Relay`] that publishes it, and the
//! [`Inbox`] that feeds handlers. What has to wait, or reaches outside of the database, is a
//! [`Job`] that a [`JobRunner`] runs ([`jobs`]).
//!
//! **Flow.**
//!
//! ```text
//! command -> one transaction: state + one outbox record -> Relay -> topic
//! topic   -> Inbox: one transaction per batch: checkpoint + state + outbox record -> Relay -> ...
//! either  -> jobs in the same transaction -> JobRunner, when they are due
//! ```
//!
//! **Adapters** stand behind ports: [`mongo`] for the database, [`kafka`] for the broker,
//! [`memory`] for simulations. One conformance suite runs over all of them.
//!
//! **A service's own tables** are [`Row`]s of [`Collection`]s that it declares ([`rows`]).
//!
//! **Operators** handle a topic again ([`Replay`]), handle dead letters
//! ([`DeadLetterAdmin`], [`JobAdmin`](jobs::JobAdmin)), and read topics ([`kafka::TopicReader`]).
//!
//! **A complete example** is `examples/signup.rs`, shown in the README beside what is
//! promised and what is not, the tables, metrics and settings.
//!
//! **How to add one.** An adapter of another database implements [`Database`], [`OutboxStore`],
//! [`InboxStore`], [`DeadLetterStore`] and [`JobStore`]; one of another broker implements
//! [`Publisher`] and [`Source`]. The suite in `tests/it/conformance` then says whether it keeps the
//! promises.

pub mod checkpoint;
pub mod clock;
pub mod cloudevents;
pub mod dead_letter;
pub mod error;
pub mod handler;
pub mod idempotency;
pub mod inbox;
mod interrupt;
pub mod jobs;
pub mod kafka;
pub mod memory;
pub mod message;
pub mod messaging;
mod metric_descriptions;
pub mod mongo;
pub mod outbox;
mod pacing;
pub mod publisher;
pub mod recovery;
pub mod relay;
pub mod replay;
pub mod rows;
pub mod source;
pub mod trace;
mod traceparent;
pub mod transaction;
pub mod waker;

pub use checkpoint::{Advance, Claim, DeadLetterKeys, TopicPartition};
pub use clock::{Clock, SystemClock};
pub use dead_letter::{DeadLetter, DeadLetterAdmin, DeadLetterStore};
pub use error::{ErrorKind, StoreError};
pub use handler::{Handle, HandleError, Subscriptions};
pub use inbox::{Inbox, InboxSettings, InboxStore};
pub use jobs::{ApplyJob, Job, JobContext, JobError, JobId, JobRunner, JobStore, Jobs, RunJob};
pub use message::{Envelope, Event, InvalidMessage, Message, MessageContext};
pub use messaging::{Messaging, MessagingError, Readiness};
pub use outbox::{EventCollector, OutboxRecord, OutboxStore};
pub use publisher::{PublishError, Publisher};
pub use recovery::{Recover, RecoveryError};
pub use relay::{Relay, RelaySettings};
pub use replay::Replay;
pub use rows::{Collection, Index, Query, Row, Rows};
pub use source::{Record, Source, SourceEvent};
pub use transaction::{Database, Work, transact};
pub use waker::Waker;
