//! A page, gathered from the index a bit at a time.

use std::sync::Arc;

use events::ProductState;
use regex::{Regex, RegexBuilder};

use super::index::CatalogueIndex;
use crate::store::{After, Listing, Page};

/// How many products are looked at in one go: a search for what is rare passes by all of them,
/// and others wait meanwhile.
const AT_ONCE: usize = 1_000;

/// A page under way.
pub(super) struct PageScan<'a> {
    listing: &'a Listing,
    search: Option<Regex>,
    size: usize,
    after: Option<After>,
    found: Vec<Arc<ProductState>>,
    more: bool,
}

impl<'a> PageScan<'a> {
    /// The page that `listing` asks for; `None` when its text can't be searched for here.
    pub(super) fn new(listing: &'a Listing) -> Option<Self> {
        let search = match &listing.filter.search {
            None => None,
            // Simple case folding of Unicode, as MongoDB's `i`.
            Some(text) => Some(
                RegexBuilder::new(&regex::escape(text))
                    .case_insensitive(true)
                    .build()
                    .ok()?,
            ),
        };
        Some(Self {
            listing,
            search,
            size: usize::try_from(listing.size).ok()?,
            after: listing.after.clone(),
            found: Vec::new(),
            more: false,
        })
    }

    /// Goes on where it stopped; whether the page is done.
    pub(super) fn go_on(&mut self, index: &CatalogueIndex) -> bool {
        let Listing { filter, sort, .. } = self.listing;
        let mut last = None;
        let from = self.after.take();
        let mut ahead = index.from(filter.category.as_ref(), *sort, from.as_ref());
        for product in ahead.by_ref().take(AT_ONCE) {
            last = Some(product);
            if !self.search.as_ref().is_none_or(|text| {
                text.is_match(&product.name) || text.is_match(&product.description)
            }) {
                continue;
            }
            // One more than asked for tells whether there is a next page.
            if self.found.len() == self.size {
                self.more = true;
                return true;
            }
            self.found.push(Arc::clone(product));
        }
        let (Some(last), Some(_)) = (last, ahead.next()) else {
            return true;
        };
        self.after = Some(sort.place(last));
        false
    }

    /// The page.
    pub(super) fn into_page(self) -> Page {
        let last = self.found.last().filter(|_| self.more);
        Page {
            next: last.map(|last| self.listing.sort.place(last)),
            products: self
                .found
                .iter()
                .map(|product| ProductState::clone(product))
                .collect(),
        }
    }
}
