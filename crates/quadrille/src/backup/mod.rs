//! `quadrille backup` and `quadrille restore`: the services' databases in files, and back.
//!
//! **What a backup is.** Every document that a service keeps, of all its tables at one moment: a
//! session of MongoDB's that reads a snapshot. Of several services it is the same moment. `save`
//! reads, `dump` is one table's file (`mongodump`'s own form, BSON after BSON), `manifest` says
//! what has to be there: how many documents, of which hash, and where the database stood in the
//! topics.
//!
//! **What makes it fit the topics.** Nothing but that moment: checkpoints, outbox and the ends of
//! the service's own topics are in the tables. A restored service reads on from there, first what
//! it has published itself (see `outbox::recovery`).
//!
//! **What is cut off is refused.** A restore marks the database before its first change and takes the
//! mark away after its last (see `MongoDatabase::begin_restoring`). Until then no service works on
//! it, and no command reads it.
//!
//! **How to add one.** A new table needs nothing. One that only wakes somebody goes into
//! what its service registers as transient.

mod dump;
mod manifest;
mod private_file;
mod restore;
mod save;
mod tables;
mod topics;

pub(crate) use restore::{RestoreArgs, run as restore};
pub(crate) use save::{BackupArgs, run as save};
