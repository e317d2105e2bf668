//! MongoDB's filters and orders over documents in memory, as far as rows need them.

use std::cmp::Ordering;

use bson::{Bson, Document};

use crate::error::StoreError;

/// Whether `document` is what `filter` asks for.
///
/// # Errors
/// Permanent, for what is not understood here.
pub(super) fn matches(document: &Document, filter: &Document) -> Result<bool, StoreError> {
    for (field, wanted) in filter {
        let fits = match (field.as_str(), wanted) {
            ("$and", Bson::Array(all)) => each(document, all)?.into_iter().all(|fits| fits),
            ("$or", Bson::Array(all)) => each(document, all)?.into_iter().any(|fits| fits),
            (operator, _) if operator.starts_with('$') => return Err(unknown(operator)),
            (dotted, _) if dotted.contains('.') => return Err(unknown(dotted)),
            (_, wanted) => value_fits(document.get(field), wanted)?,
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

fn each(document: &Document, filters: &[Bson]) -> Result<Vec<bool>, StoreError> {
    let fits = |filter: &Bson| match filter {
        Bson::Document(filter) => matches(document, filter),
        other => Err(unknown(&other.to_string())),
    };
    filters.iter().map(fits).collect()
}

fn value_fits(value: Option<&Bson>, wanted: &Bson) -> Result<bool, StoreError> {
    understood(value.unwrap_or(&Bson::Null))?;
    understood(wanted)?;
    let Bson::Document(operators) = wanted else {
        return Ok(equals(value, wanted));
    };
    if !operators.keys().any(|key| key.starts_with('$')) {
        return Ok(equals(value, wanted));
    }
    for (operator, operand) in operators {
        let ordered = |is: fn(Ordering) -> bool| {
            let same_type = |value: &&Bson| rank(Some(value)) == rank(Some(operand));
            let value = value.filter(same_type);
            value.is_some_and(|value| is(compare(Some(value), Some(operand))))
        };
        let fits = match (operator.as_str(), operand) {
            ("$in", Bson::Array(any)) => any.iter().any(|one| equals(value, one)),
            ("$ne", one) => !equals(value, one),
            ("$lt" | "$lte" | "$gt" | "$gte", Bson::Array(_)) => {
                return Err(unknown(&format!("{operator} of an array")));
            }
            ("$lt", _) => ordered(Ordering::is_lt),
            ("$lte", _) => ordered(Ordering::is_le),
            ("$gt", _) => ordered(Ordering::is_gt),
            ("$gte", _) => ordered(Ordering::is_ge),
            ("$exists", Bson::Boolean(there)) => value.is_some() == *there,
            _ => return Err(unknown(operator)),
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses a value of a type that rows do not have, wherever it lies in `value`.
fn understood(value: &Bson) -> Result<(), StoreError> {
    match value {
        Bson::Array(all) => all.iter().try_for_each(understood),
        Bson::Document(fields) => fields.values().try_for_each(understood),
        other if rank(Some(other)) == FOREIGN => Err(unknown(&other.to_string())),
        _ => Ok(()),
    }
}

/// What is absent equals null, and an array has each of its elements.
fn equals(value: Option<&Bson>, wanted: &Bson) -> bool {
    let same = |value: &Bson| compare(Some(value), Some(wanted)).is_eq();
    match value {
        Some(Bson::Array(all)) => all.iter().any(same) || same(&Bson::Array(all.clone())),
        value => compare(value, Some(wanted)).is_eq(),
    }
}

/// The order of two documents by the fields of `order`, each 1 or -1.
pub(super) fn by(order: &Document, a: &Document, b: &Document) -> Ordering {
    for (field, direction) in order {
        let ordering = compare(a.get(field), b.get(field));
        if ordering.is_ne() {
            let descending = *direction == Bson::Int32(-1);
            return if descending {
                ordering.reverse()
            } else {
                ordering
            };
        }
    }
    Ordering::Equal
}

/// The order of MongoDB: by type, and by value within one.
fn compare(a: Option<&Bson>, b: Option<&Bson>) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Some(Bson::String(a)), Some(Bson::String(b))) => a.cmp(b),
        (Some(Bson::Boolean(a)), Some(Bson::Boolean(b))) => a.cmp(b),
        (Some(Bson::DateTime(a)), Some(Bson::DateTime(b))) => a.cmp(b),
        (Some(Bson::Binary(a)), Some(Bson::Binary(b))) => {
            let key = |it: &bson::Binary| (it.bytes.len(), u8::from(it.subtype));
            key(a).cmp(&key(b)).then_with(|| a.bytes.cmp(&b.bytes))
        }
        (Some(Bson::Array(a)), Some(Bson::Array(b))) => {
            let pairs = a.iter().zip(b);
            let mut different = pairs.map(|(a, b)| compare(Some(a), Some(b)));
            let different = different.find(|ordering| ordering.is_ne());
            different.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Some(Bson::Document(a)), Some(Bson::Document(b))) => {
            let fields = |it: &Document| Vec::from_iter(it.clone());
            let (a, b) = (fields(a), fields(b));
            let pairs = a.iter().zip(&b);
            let mut different =
                pairs.map(|((an, a), (bn, b))| an.cmp(bn).then_with(|| compare(Some(a), Some(b))));
            let different = different.find(|ordering| ordering.is_ne());
            different.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (a, b) => match (a.and_then(integer), b.and_then(integer)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        },
    })
}

fn integer(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        _ => None,
    }
}

/// The rank of all types that rows do not have.
const FOREIGN: u8 = 8;

fn rank(value: Option<&Bson>) -> u8 {
    match value {
        None | Some(Bson::Null) => 0,
        Some(Bson::Int32(_) | Bson::Int64(_)) => 1,
        Some(Bson::String(_)) => 2,
        Some(Bson::Document(_)) => 3,
        Some(Bson::Array(_)) => 4,
        Some(Bson::Binary(_)) => 5,
        Some(Bson::Boolean(_)) => 6,
        Some(Bson::DateTime(_)) => 7,
        // Not in rows: fractions of money or time are no number of ours.
        Some(_) => FOREIGN,
    }
}

fn unknown(operator: &str) -> StoreError {
    StoreError::permanent(format!("memory does not understand {operator} in a filter"))
}
