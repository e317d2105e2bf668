//! A short list in place, so that a state is copied without touching the heap.

use std::fmt;
use std::hash::{Hash, Hasher};

/// At most `N` bytes.
#[derive(Clone, Copy)]
pub(crate) struct Log<const N: usize> {
    len: u8,
    items: [u8; N],
}

impl<const N: usize> Log<N> {
    pub(crate) const EMPTY: Self = Self {
        len: 0,
        items: [0; N],
    };

    pub(crate) fn items(&self) -> &[u8] {
        &self.items[..usize::from(self.len)]
    }

    pub(crate) fn len(&self) -> u8 {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `false` when there is no room.
    #[must_use]
    pub(crate) fn push(&mut self, item: u8) -> bool {
        let Some(place) = self.items.get_mut(usize::from(self.len)) else {
            return false;
        };
        *place = item;
        self.len += 1;
        true
    }

    /// Drops the first `count`.
    pub(crate) fn drop_first(&mut self, count: u8) {
        let rest = *self;
        *self = Self::EMPTY;
        for item in rest.items().iter().skip(usize::from(count)) {
            let _ = self.push(*item);
        }
    }
}

impl<const N: usize> PartialEq for Log<N> {
    fn eq(&self, other: &Self) -> bool {
        self.items() == other.items()
    }
}

impl<const N: usize> Eq for Log<N> {}

impl<const N: usize> Hash for Log<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.items().hash(state);
    }
}

impl<const N: usize> fmt::Debug for Log<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}
