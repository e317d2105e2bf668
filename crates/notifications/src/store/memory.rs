//! The collections in memory, so that a simulation runs the same handlers and jobs.

use outbox::StoreError;
use outbox::memory::Documents;
use replica::memory::Table;

use crate::domain::Recipient;

/// All that the service keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tables {
    /// The mails.
    pub rows: Documents,
    /// The addresses.
    pub recipients: Table<Recipient>,
}

impl outbox::memory::Tables for Tables {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.rows.install(&seen.rows, left.rows)?;
        self.recipients.install(&seen.recipients, left.recipients)
    }
}

impl AsRef<Documents> for Tables {
    fn as_ref(&self) -> &Documents {
        &self.rows
    }
}

impl AsMut<Documents> for Tables {
    fn as_mut(&mut self) -> &mut Documents {
        &mut self.rows
    }
}

impl AsMut<Table<Recipient>> for Tables {
    fn as_mut(&mut self) -> &mut Table<Recipient> {
        &mut self.recipients
    }
}
