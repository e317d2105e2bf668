//! Reading several tables, or databases, as they were at one moment.

use mongodb::options::{DatabaseOptions, ReadConcern};

use super::database::MongoDatabase;

impl MongoDatabase {
    /// The driver's handle of the database `name` on the same server, for reads in a session that shows
    /// a snapshot.
    ///
    /// [`database`](Self::database) asks for what a majority has. The driver takes that for the
    /// caller's wish in such a session too, and each read is then of a moment of its own, without a
    /// word. Whether a session shows one moment is told by its `snapshot_time` after the first read.
    pub fn in_snapshot(&self, name: &str) -> mongodb::Database {
        let options = DatabaseOptions::builder()
            .read_concern(ReadConcern::snapshot())
            .build();
        self.database()
            .client()
            .database_with_options(name, options)
    }
}
