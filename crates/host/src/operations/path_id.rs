//! A dead letter's id as one segment of a path.

use outbox::dead_letter::DeadLetter;

/// The path id of `dead_letter`: `topic:partition:offset`.
///
/// A topic's name has no colon in it, so the three come apart again.
pub(super) fn of(dead_letter: &DeadLetter) -> String {
    let at = &dead_letter.record.at;
    format!(
        "{}:{}:{}",
        at.topic, at.partition, dead_letter.record.offset
    )
}

/// The path id of the dead letter `id`, which is `GROUP/TOPIC/PARTITION/OFFSET`.
pub(super) fn from_id(id: &str) -> String {
    id.split_once('/')
        .map_or_else(|| id.to_owned(), |(_, path_id)| path_id.replace('/', ":"))
}

/// The id of the dead letter at `path_id` in `group`; an invalid `path_id` gives an id that does
/// not exist.
pub(super) fn to_id(group: &str, path_id: &str) -> String {
    format!("{group}/{}", path_id.replace(':', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_id_and_dead_letter_id_convert_into_each_other() {
        let id = to_id("orders", "products.product.v1:2:117");
        assert_eq!(id, "orders/products.product.v1/2/117");
        assert_eq!(from_id(&id), "products.product.v1:2:117");
    }
}
