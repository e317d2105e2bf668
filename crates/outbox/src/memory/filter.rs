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
        let fits = match (operator.as_str(), operand) {
            ("$in", Bson::Array(any)) => any.iter().any(|one| equals(value, one)),
            ("$ne", one) => !equals(value, one),
            ("$lt", _) => ordered(value, operator, operand)?.is_some_and(Ordering::is_lt),
            ("$lte", _) => ordered(value, operator, operand)?.is_some_and(Ordering::is_le),
            ("$gt", _) => ordered(value, operator, operand)?.is_some_and(Ordering::is_gt),
            ("$gte", _) => ordered(value, operator, operand)?.is_some_and(Ordering::is_ge),
            ("$exists", Bson::Boolean(there)) => value.is_some() == *there,
            _ => return Err(unknown(operator)),
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How `value` lies to `operand`, if both are of one type. MongoDB has rules of their own for ranges of null, of
/// documents and of arrays.
fn ordered(
    value: Option<&Bson>,
    operator: &str,
    operand: &Bson,
) -> Result<Option<Ordering>, StoreError> {
    match operand {
        Bson::Null => return Err(unknown(&format!("{operator} of null"))),
        Bson::Document(_) => return Err(unknown(&format!("{operator} of a document"))),
        Bson::Array(_) => return Err(unknown(&format!("{operator} of an array"))),
        _ => {}
    }
    if let Some(Bson::Array(_)) = value {
        return Err(unknown(&format!("{operator} on an array")));
    }
    let of_one_type = rank(value) == rank(Some(operand));
    Ok(of_one_type.then(|| compare(value, Some(operand))))
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
    let value = value.unwrap_or(&Bson::Null);
    let elements = value.as_array().into_iter().flatten();
    same(value, wanted) || elements.into_iter().any(|one| same(one, wanted))
}

fn same(a: &Bson, b: &Bson) -> bool {
    match (a, b) {
        (Bson::Array(a), Bson::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Bson::Document(a), Bson::Document(b)) => {
            let mut pairs = a.iter().zip(b);
            a.len() == b.len() && pairs.all(|((an, a), (bn, b))| an == bn && same(a, b))
        }
        (a, b) => compare(Some(a), Some(b)).is_eq(),
    }
}

/// Puts `documents` in the order of the fields of `order`, each 1 or -1.
///
/// # Errors
/// Permanent, where such a field is an array or a document.
pub(super) fn sort(documents: &mut [&Document], order: &Document) -> Result<(), StoreError> {
    for field in order.keys() {
        for document in documents.iter() {
            if let Some(Bson::Array(_) | Bson::Document(_)) = document.get(field) {
                return Err(unknown(&format!(
                    "an order by {field}, which is no plain value"
                )));
            }
        }
    }
    documents.sort_by(|a, b| {
        let fields = order.iter().map(|(field, direction)| {
            let ordering = compare(a.get(field), b.get(field));
            match direction {
                Bson::Int32(-1) => ordering.reverse(),
                _ => ordering,
            }
        });
        fields.fold(Ordering::Equal, Ordering::then)
    });
    Ok(())
}

/// The order of MongoDB, of values that are neither arrays nor documents: by type, and by value within one.
fn compare(a: Option<&Bson>, b: Option<&Bson>) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Some(Bson::String(a)), Some(Bson::String(b))) => a.cmp(b),
        (Some(Bson::Boolean(a)), Some(Bson::Boolean(b))) => a.cmp(b),
        (Some(Bson::DateTime(a)), Some(Bson::DateTime(b))) => a.cmp(b),
        (Some(Bson::Binary(a)), Some(Bson::Binary(b))) => {
            let key = |it: &bson::Binary| (it.bytes.len(), u8::from(it.subtype));
            key(a).cmp(&key(b)).then_with(|| a.bytes.cmp(&b.bytes))
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

fn unknown(what: &str) -> StoreError {
    StoreError::permanent(format!("memory does not understand {what} in a query"))
}
