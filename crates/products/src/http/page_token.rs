//! Where a page begins, as a text that only this service reads.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::ProductId;
use serde::{Deserialize, Serialize};

use super::sort_by::SortBy;
use crate::store::{After, Listing};

/// The last product of a page, and the query that it is a page of: a token is of no use to
/// another query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageToken {
    sort: SortBy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    id: ProductId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<i64>,
}

impl PageToken {
    pub(super) fn new(listing: &Listing, after: &After) -> Self {
        Self {
            sort: listing.sort.into(),
            category: listing.filter.category.as_ref().map(ToString::to_string),
            search: listing.filter.search.clone(),
            id: after.id,
            name: after.name_key.clone(),
            price: after.price,
        }
    }

    pub(super) fn to_text(&self) -> String {
        // Texts, numbers and an id are always JSON; were they not, the empty token is refused.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Where the page of `listing` begins, if the token is of that query.
    pub(super) fn place_in(self, listing: &Listing) -> Option<After> {
        let after = After {
            id: self.id,
            name_key: self.name.clone(),
            price: self.price,
        };
        let complete = match self.sort {
            SortBy::Name | SortBy::NameDown => self.name.is_some() && self.price.is_none(),
            SortBy::Price | SortBy::PriceDown => self.name.is_none() && self.price.is_some(),
            SortBy::Newest => self.name.is_none() && self.price.is_none(),
        };
        (complete && self == Self::new(listing, &after)).then_some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CategoryName;
    use crate::store::{Filter, Sort};

    fn listing(sort: Sort) -> Listing {
        let filter = Filter {
            category: Some(CategoryName::asked("toys")),
            search: None,
        };
        Listing {
            filter,
            sort,
            after: None,
            size: 5,
        }
    }

    fn after(sort: Sort) -> After {
        let id = ProductId::from_u128(9);
        match sort {
            Sort::Name | Sort::NameDown => After {
                id,
                name_key: Some("ball".into()),
                price: None,
            },
            Sort::Price | Sort::PriceDown => After {
                id,
                name_key: None,
                price: Some(5),
            },
            Sort::Newest => After {
                id,
                name_key: None,
                price: None,
            },
        }
    }

    #[test]
    fn a_token_leads_back_to_its_place() {
        for sort in [
            Sort::Name,
            Sort::NameDown,
            Sort::Price,
            Sort::PriceDown,
            Sort::Newest,
        ] {
            let text = PageToken::new(&listing(sort), &after(sort)).to_text();
            let place = PageToken::from_text(&text)
                .unwrap()
                .place_in(&listing(sort));
            assert_eq!(place, Some(after(sort)));
        }
    }

    #[test]
    fn a_token_of_another_query_is_invalid() {
        let token = PageToken::new(&listing(Sort::Price), &after(Sort::Price));
        assert_eq!(token.clone().place_in(&listing(Sort::PriceDown)), None);
        let mut elsewhere = listing(Sort::Price);
        elsewhere.filter.category = None;
        assert_eq!(token.clone().place_in(&elsewhere), None);
        let halved = PageToken {
            price: None,
            ..token
        };
        assert_eq!(halved.place_in(&listing(Sort::Price)), None);
    }

    #[test]
    fn nonsense_is_not_a_token() {
        for text in [
            "",
            "x",
            "====",
            "eyJ9",
            &URL_SAFE_NO_PAD.encode("{}"),
            "\u{e9}",
        ] {
            assert_eq!(PageToken::from_text(text), None, "{text:?}");
        }
    }
}
