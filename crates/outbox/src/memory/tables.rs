//! What two transactions that overlap leave, as in MongoDB: each document is written by one of them, and
//! what one has only read the other may change.

use std::collections::BTreeMap;

use crate::error::StoreError;

/// The tables of a service.
pub trait Tables: Clone + Default + Send + Sync + 'static {
    /// Puts into these tables, which are committed, what a transaction changed that saw `seen` and leaves
    /// `left`.
    ///
    /// # Errors
    /// A conflict when another one has changed the same document since.
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError>;
}

impl<K, V> Tables for BTreeMap<K, V>
where
    K: Clone + Ord + Send + Sync + 'static,
    V: Clone + PartialEq + Send + Sync + 'static,
{
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        let mut gone = Vec::new();
        for (key, before) in seen {
            if !left.contains_key(key) {
                free(self.get(key), Some(before))?;
                gone.push(key);
            }
        }
        for key in gone {
            self.remove(key);
        }
        for (key, after) in left {
            let before = seen.get(&key);
            if before != Some(&after) {
                free(self.get(&key), before)?;
                self.insert(key, after);
            }
        }
        Ok(())
    }
}

/// Lines are only ever added.
impl<L: Clone + Send + Sync + 'static> Tables for Vec<L> {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.extend(left.into_iter().skip(seen.len()));
        Ok(())
    }
}

fn free<V: PartialEq>(committed: Option<&V>, seen: Option<&V>) -> Result<(), StoreError> {
    if committed == seen {
        return Ok(());
    }
    Err(StoreError::conflict(
        "another transaction has changed the same document",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn table(rows: &[(char, u8)]) -> BTreeMap<char, u8> {
        rows.iter().copied().collect()
    }

    #[test]
    fn changes_of_different_documents_are_put_together() {
        let seen = table(&[('a', 1), ('b', 1), ('c', 1)]);
        let mut committed = table(&[('a', 2), ('b', 1), ('c', 1), ('d', 1)]);
        let left = table(&[('a', 1), ('b', 2), ('e', 1)]);
        committed.install(&seen, left).unwrap();
        assert_eq!(committed, table(&[('a', 2), ('b', 2), ('d', 1), ('e', 1)]));
    }

    #[test]
    fn a_document_that_both_changed_is_a_conflict() {
        let seen = table(&[('a', 1), ('b', 1)]);
        for (theirs, ours) in [
            (table(&[('a', 2), ('b', 1)]), table(&[('a', 3), ('b', 1)])),
            (table(&[('b', 1)]), table(&[('a', 3), ('b', 1)])),
            (table(&[('a', 2), ('b', 1)]), table(&[('b', 1)])),
            (
                table(&[('a', 1), ('b', 1), ('c', 1)]),
                table(&[('a', 1), ('b', 1), ('c', 2)]),
            ),
        ] {
            let mut committed = theirs.clone();
            let refused = committed.install(&seen, ours).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Conflict, "{theirs:?}");
        }
    }
}
