//! A letter's id as addresses have it: one part of a path, without a slash.

use outbox::dead_letter::DeadLetter;

/// The id in a path of the letter at `topic`, `partition`, `offset`.
///
/// A topic's name has no colon in it, so the three come apart again.
pub(super) fn of(letter: &DeadLetter) -> String {
    let at = &letter.record.at;
    format!("{}:{}:{}", at.topic, at.partition, letter.record.offset)
}

/// The same from the desk's id, `GROUP/TOPIC/PARTITION/OFFSET`.
pub(super) fn of_desk(id: &str) -> String {
    id.split_once('/')
        .map_or_else(|| id.to_owned(), |(_, place)| place.replace('/', ":"))
}

/// The desk's id of the letter at `place` in `group`. What is no place is the id of no letter.
pub(super) fn to_desk(group: &str, place: &str) -> String {
    format!("{group}/{}", place.replace(':', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_and_the_desks_id_lead_to_each_other() {
        let desk = to_desk("orders", "products.product.v1:2:117");
        assert_eq!(desk, "orders/products.product.v1/2/117");
        assert_eq!(of_desk(&desk), "products.product.v1:2:117");
    }
}
