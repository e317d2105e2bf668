//! What a service declares of a collection.

use std::time::Duration;

use bson::Document;
use mongodb::IndexModel;
use mongodb::options::IndexOptions;

/// A collection of a service and its indexes.
#[derive(Debug, Clone, Copy)]
pub struct Collection {
    /// Its name.
    pub name: &'static str,
    /// Its indexes, besides that of `_id`.
    pub indexes: &'static [Index],
    /// What each document has to be, as MongoDB's validator.
    pub validator: Option<fn() -> Document>,
    /// Whether no backup needs it.
    pub transient: bool,
}

impl Collection {
    /// A collection of that name.
    pub const fn new(name: &'static str, indexes: &'static [Index]) -> Self {
        Self {
            name,
            indexes,
            validator: None,
            transient: false,
        }
    }

    /// The database refuses documents that are not as `validator` says.
    #[must_use]
    pub const fn validated(self, validator: fn() -> Document) -> Self {
        Self {
            validator: Some(validator),
            ..self
        }
    }

    /// It only wakes whoever waits: no backup has it.
    #[must_use]
    pub const fn transient(self) -> Self {
        Self {
            transient: true,
            ..self
        }
    }
}

/// An index of a [`Collection`].
#[derive(Debug, Clone, Copy)]
pub struct Index {
    fields: &'static [&'static str],
    unique: bool,
    expires_after: Option<Duration>,
    only: Option<fn() -> Document>,
    name: Option<&'static str>,
}

impl Index {
    /// An index on `fields`; one with a `-` before its name is in descending order.
    pub const fn on(fields: &'static [&'static str]) -> Self {
        Self {
            fields,
            unique: false,
            expires_after: None,
            only: None,
            name: None,
        }
    }

    /// No two documents have the same values.
    #[must_use]
    pub const fn unique(self) -> Self {
        Self {
            unique: true,
            ..self
        }
    }

    /// The database removes a document so long after the time in the one field. Memory keeps it.
    #[must_use]
    pub const fn expires_after(self, ttl: Duration) -> Self {
        Self {
            expires_after: Some(ttl),
            ..self
        }
    }

    /// Only documents that match `filter` are in it.
    #[must_use]
    pub const fn only(self, filter: fn() -> Document) -> Self {
        Self {
            only: Some(filter),
            ..self
        }
    }

    /// Its name in the database, if not the one that MongoDB makes of the fields.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    pub(crate) fn model(&self) -> IndexModel {
        let options = IndexOptions::builder()
            .unique(self.unique.then_some(true))
            .expire_after(self.expires_after)
            .partial_filter_expression(self.only.map(|filter| filter()))
            .name(self.name.map(str::to_owned))
            .build();
        IndexModel::builder()
            .keys(order(self.fields))
            .options(options)
            .build()
    }

    /// The fields whose values are unique, and of which documents they are.
    pub(crate) fn uniqueness(&self) -> Option<(Vec<&'static str>, Document)> {
        let only = self.only.map_or_else(Document::new, |filter| filter());
        let name = |field: &&'static str| field.strip_prefix('-').unwrap_or(field);
        self.unique
            .then(|| (self.fields.iter().map(name).collect(), only))
    }
}

/// The fields as MongoDB wants an order.
pub(super) fn order(fields: &[&str]) -> Document {
    let mut order = Document::new();
    for field in fields {
        match field.strip_prefix('-') {
            Some(field) => order.insert(field, -1),
            None => order.insert(*field, 1),
        };
    }
    order
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn an_index_is_what_it_says() {
        let index = Index::on(&["status", "-_id"])
            .unique()
            .only(|| doc! { "status": "PENDING" })
            .named("pending");
        let model = index.model();
        assert_eq!(model.keys, doc! { "status": 1, "_id": -1 });
        let options = model.options.unwrap();
        assert_eq!(options.unique, Some(true));
        assert_eq!(options.name.as_deref(), Some("pending"));
        let only = options.partial_filter_expression;
        assert_eq!(only, Some(doc! { "status": "PENDING" }));
        let unique = (vec!["status", "_id"], doc! { "status": "PENDING" });
        assert_eq!(index.uniqueness(), Some(unique));
    }
}
