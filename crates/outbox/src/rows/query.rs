//! Which rows are asked for.

use bson::{Bson, Document, doc};

use super::collection::order;

/// Which rows are asked for, in which order, and how many at most.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub(crate) filter: Document,
    pub(crate) order: Option<Document>,
    pub(crate) limit: Option<i64>,
    pub(crate) fields: Option<Document>,
}

impl Query {
    /// Every row.
    pub fn all() -> Self {
        Self::default()
    }

    /// The rows whose `field` is one of `values`.
    pub fn any_of(field: &str, values: impl IntoIterator<Item = impl Into<Bson>>) -> Self {
        let values: Vec<Bson> = values.into_iter().map(Into::into).collect();
        Self::from(doc! { field: { "$in": values } })
    }

    /// In the order of `fields`; one with a `-` before its name is in descending order.
    #[must_use]
    pub fn sorted_by(mut self, fields: &[&str]) -> Self {
        self.order = Some(order(fields));
        self
    }

    /// Only those behind the one whose `fields`, the last of which tells all rows apart, have `values`:
    /// the next page of a list in the order of `fields`.
    #[must_use]
    pub fn after(mut self, fields: &[&str], values: Vec<Bson>) -> Self {
        let mut equal = Document::new();
        let mut behind = Vec::new();
        for (field, value) in fields.iter().zip(values) {
            let (name, than) = match field.strip_prefix('-') {
                Some(name) => (name, "$lt"),
                None => (*field, "$gt"),
            };
            let mut next = equal.clone();
            next.insert(name, doc! { than: value.clone() });
            behind.push(next);
            equal.insert(name, value);
        }
        let former = std::mem::take(&mut self.filter);
        self.filter = doc! { "$and": [former, { "$or": behind }] };
        self.sorted_by(fields)
    }

    /// Only these fields of each, for a [`Row`](super::Row) that has no others. Memory gives all.
    #[must_use]
    pub fn only(mut self, fields: &[&str]) -> Self {
        self.fields = Some(order(fields));
        self
    }

    /// At most `limit`; none for 0, which is all of them for MongoDB.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        if limit == 0 {
            self.filter = doc! { "_id": { "$in": [] } };
        }
        self.limit = Some(i64::try_from(limit).unwrap_or(i64::MAX));
        self
    }
}

impl From<Document> for Query {
    fn from(filter: Document) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }
}
