//! A page, gathered from the index a bit at a time.

use std::sync::Arc;

use events::names;
use regex::{Regex, RegexBuilder};

use super::index::CatalogueIndex;
use crate::store::{After, Listed, Listing, Page};

/// How many products are looked at in one go: a search for what is rare passes by all of them,
/// and others wait meanwhile.
const AT_ONCE: usize = 1_000;

/// A text that is searched for, folded.
struct Search<'a> {
    text: &'a str,
    /// Simple case folding of Unicode, as MongoDB's `i`.
    pattern: Regex,
}

impl<'a> Search<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let mut pattern = RegexBuilder::new(&regex::escape(text));
        let pattern = pattern.case_insensitive(true).build().ok()?;
        Some(Self { text, pattern })
    }

    /// Whether it is found in `field`. Of one in ASCII the letter case is all that folds.
    fn finds(&self, field: &str) -> bool {
        self.pattern.is_match(field)
            || (!field.is_ascii() && names::fold(field).contains(self.text))
    }
}

/// A page under way.
pub(super) struct PageScan<'a> {
    listing: &'a Listing,
    search: Option<Search<'a>>,
    size: usize,
    after: Option<After>,
    found: Vec<Arc<Listed>>,
    more: bool,
}

impl<'a> PageScan<'a> {
    /// The page that `listing` asks for; `None` when its text can't be searched for here.
    pub(super) fn new(listing: &'a Listing) -> Option<Self> {
        let search = match &listing.filter.search {
            None => None,
            Some(text) => Some(Search::new(text)?),
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
            let state = &product.product;
            let found =
                |search: &Search<'_>| search.finds(&state.name) || search.finds(&state.description);
            if !self.search.as_ref().is_none_or(found) {
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
                .map(|listed| listed.product.clone())
                .collect(),
        }
    }
}
