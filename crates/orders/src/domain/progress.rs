//! What a fact does to an order, whenever it comes.

use events::{Asks, OrderStatus};

/// What becomes of an order by what another service says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It takes these steps. More than one when the fact came before others that it implies.
    Steps(Vec<OrderStatus>),
    /// It is as far as that, or further. Nothing is to be done.
    AlreadySo,
    /// It went another way. What it is holds, because others were told of it.
    Contradicts,
}

/// Compares how far an order is with a fact about it, by the table of [`OrderStatus`].
///
/// Facts come again, late and early. Whatever came before, the same facts once more change
/// nothing: a fact that led here, or was implied, lies behind; and what lay on no way ahead
/// never will.
pub fn progress(current: OrderStatus, asks: Asks, fact: OrderStatus) -> Progress {
    // Cancelled before its decision was heard: either way it has no products.
    let overtaken = (current, fact) == (OrderStatus::Cancelled, OrderStatus::Rejected);
    if overtaken || fact.steps_to(current, asks).is_some() {
        return Progress::AlreadySo;
    }
    match current.steps_to(fact, asks) {
        Some(steps) => Progress::Steps(steps),
        None => Progress::Contradicts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderStatus::{
        Accepted, Cancelled, Cancelling, Delivered, InDelivery, Paid, Pending, Rejected,
    };
    use proptest::prelude::*;

    const EVERYTHING: Asks = Asks {
        payment: true,
        delivery: true,
    };

    /// What each fact does at each status, where the order asks for everything: the steps, `.` for
    /// what is so already, `!` for a contradiction.
    const EXPECTED: [(OrderStatus, [&str; 8]); 8] = [
        (Pending, [".", "A", "R", "AP", "API", "APID", "APC", "X"]),
        (Accepted, [".", ".", "!", "P", "PI", "PID", "PC", "X"]),
        (Rejected, [".", "!", ".", "!", "!", "!", "!", "!"]),
        (Paid, [".", ".", "!", ".", "I", "ID", "C", "X"]),
        (InDelivery, [".", ".", "!", ".", ".", "D", ".", "X"]),
        (Delivered, [".", ".", "!", ".", ".", ".", ".", "!"]),
        (Cancelling, [".", ".", "!", ".", "I", "ID", ".", "X"]),
        (Cancelled, [".", ".", ".", ".", ".", "!", ".", "."]),
    ];

    fn dead_letter(status: OrderStatus) -> char {
        match status {
            Pending => 'N',
            Accepted => 'A',
            Rejected => 'R',
            Paid => 'P',
            InDelivery => 'I',
            Delivered => 'D',
            Cancelling => 'C',
            Cancelled => 'X',
        }
    }

    fn shown(progress: &Progress) -> String {
        match progress {
            Progress::Steps(steps) => steps.iter().map(|step| dead_letter(*step)).collect(),
            Progress::AlreadySo => ".".to_owned(),
            Progress::Contradicts => "!".to_owned(),
        }
    }

    #[test]
    fn every_pair_of_statuses_has_its_answer() {
        for (current, answers) in EXPECTED {
            for (fact, answer) in OrderStatus::ALL.iter().zip(answers) {
                let found = progress(current, EVERYTHING, *fact);
                assert_eq!(shown(&found), answer, "{fact:?} at {current:?}");
            }
        }
    }

    #[test]
    fn what_an_order_did_not_ask_for_contradicts() {
        for fact in [Paid, InDelivery, Delivered] {
            let found = progress(Accepted, Asks::NOTHING, fact);
            assert_eq!(found, Progress::Contradicts, "{fact:?}");
        }
    }

    fn statuses() -> impl Strategy<Value = OrderStatus> {
        prop::sample::select(OrderStatus::ALL)
    }

    /// The way of an order that is told `facts`.
    fn way(mut way: Vec<OrderStatus>, asks: Asks, facts: &[OrderStatus]) -> Vec<OrderStatus> {
        for fact in facts {
            let current = *way.last().unwrap();
            if let Progress::Steps(steps) = progress(current, asks, *fact) {
                assert!(!steps.is_empty());
                way.extend(steps);
            }
        }
        way
    }

    proptest! {
        #[test]
        fn facts_that_come_again_from_any_point_change_nothing(
            asks in prop::sample::select(Asks::ALL),
            facts in prop::collection::vec(statuses(), 0..12),
            again in prop::collection::vec(0_usize..12, 0..4),
        ) {
            let whole = way(vec![Pending], asks, &facts);
            let mut replayed = whole.clone();
            for from in again {
                replayed = way(replayed, asks, facts.get(from..).unwrap_or_default());
            }
            prop_assert_eq!(replayed, whole);
        }

        #[test]
        fn an_order_goes_by_the_table_alone(
            asks in prop::sample::select(Asks::ALL),
            facts in prop::collection::vec(statuses(), 0..12),
        ) {
            let way = way(vec![Pending], asks, &facts);
            for step in way.windows(2) {
                prop_assert!(step[0].may_become(step[1], asks), "{:?}", way);
                if step[0].rests(asks) {
                    prop_assert!(matches!(step[1], Cancelled | Cancelling), "{:?}", way);
                }
            }
        }

        #[test]
        fn facts_in_any_order_lead_to_where_the_last_one_leads(
            facts in Just(vec![Accepted, Paid, InDelivery, Delivered]).prop_shuffle(),
        ) {
            let way = way(vec![Pending], EVERYTHING, &facts);
            prop_assert_eq!(way, [Pending, Accepted, Paid, InDelivery, Delivered]);
        }
    }
}
