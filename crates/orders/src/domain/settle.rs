//! What a decision of the stock engine does to an order.

use events::OrderStatus;

/// What becomes of an order by a decision about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// It takes the step.
    Step,
    /// It stands there already; the decision came again.
    Duplicate,
    /// It was decided otherwise before. The first decision holds: a customer was told of it.
    TooLate,
    /// No order may take this step.
    Impossible,
}

/// Decides by [`OrderStatus::may_become`], the one table of an order's steps.
pub fn settle(current: OrderStatus, decided: OrderStatus) -> Settle {
    if current.may_become(decided) {
        Settle::Step
    } else if current == decided && current.is_terminal() {
        Settle::Duplicate
    } else if current.is_terminal() && decided.is_terminal() {
        Settle::TooLate
    } else {
        Settle::Impossible
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderStatus::{Accepted, Pending, Rejected};

    #[test]
    fn every_pair_of_statuses_has_its_answer() {
        let expected = [
            (Pending, Accepted, Settle::Step),
            (Pending, Rejected, Settle::Step),
            (Pending, Pending, Settle::Impossible),
            (Accepted, Accepted, Settle::Duplicate),
            (Accepted, Rejected, Settle::TooLate),
            (Accepted, Pending, Settle::Impossible),
            (Rejected, Rejected, Settle::Duplicate),
            (Rejected, Accepted, Settle::TooLate),
            (Rejected, Pending, Settle::Impossible),
        ];
        assert_eq!(expected.len(), OrderStatus::ALL.len().pow(2));
        for (from, to, answer) in expected {
            assert_eq!(settle(from, to), answer, "{from:?} to {to:?}");
        }
    }
}
