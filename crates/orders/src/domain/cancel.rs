//! Whether an order can still be cancelled by a person's word.

use events::{Cancellation, OrderStatus, Reason};
use jiff::Timestamp;

use super::{Author, Order, Step};

/// The most characters of the note that a person may leave.
pub const MAX_NOTE_CHARS: usize = 500;

/// What becomes of an order that a person wants cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// It takes this step.
    Step(Step),
    /// It was cancelled before, or is about to be.
    AlreadySo,
    /// What was to be prevented has happened, or there is nothing to cancel.
    TooLate,
}

/// Decides about `order`, which `cancellation` asks to be cancelled at `now`.
///
/// One that is to be delivered may have left when it is paid: delivery is asked first.
pub fn cancel(
    order: &Order,
    cancellation: Cancellation,
    note: Option<String>,
    now: Timestamp,
) -> Cancelled {
    let status = match order.status {
        OrderStatus::Paid if order.asks.delivery => OrderStatus::Cancelling,
        OrderStatus::Pending | OrderStatus::Accepted | OrderStatus::Paid => OrderStatus::Cancelled,
        OrderStatus::Cancelling | OrderStatus::Cancelled => return Cancelled::AlreadySo,
        OrderStatus::Rejected | OrderStatus::InDelivery | OrderStatus::Delivered => {
            return Cancelled::TooLate;
        }
    };
    Cancelled::Step(Step {
        status,
        at: now,
        by: Author::Orders,
        reason: Some(Reason::Cancellation(cancellation)),
        note,
    })
}

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;
    use events::{AccountId, Asks, Money, OrderId};

    use super::*;

    fn order(status: OrderStatus, asks: Asks) -> Order {
        Order {
            id: OrderId::from_u128(1),
            customer: AccountId::from_u128(2),
            lines: Vec::new(),
            total: Money::new(599, DEFAULT_CURRENCY),
            asks,
            status,
            reason: None,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            changed_at: Timestamp::UNIX_EPOCH,
            history: vec![Step::placed(Timestamp::UNIX_EPOCH)],
        }
    }

    fn cancelled(status: OrderStatus, asks: Asks) -> Cancelled {
        let word = Cancellation::CancelledByCustomer;
        cancel(&order(status, asks), word, None, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn every_step_that_a_cancellation_takes_is_in_the_table() {
        for asks in Asks::ALL {
            for status in OrderStatus::ALL {
                if let Cancelled::Step(step) = cancelled(*status, *asks) {
                    assert!(status.may_become(step.status, *asks), "{status:?} {asks:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_under_way_or_over_is_too_late() {
        use OrderStatus::{Accepted, Cancelling, Delivered, InDelivery, Paid, Pending, Rejected};

        for status in [Rejected, InDelivery, Delivered] {
            for asks in Asks::ALL {
                assert_eq!(cancelled(status, *asks), Cancelled::TooLate, "{status:?}");
            }
        }
        for status in [Cancelling, OrderStatus::Cancelled] {
            assert_eq!(cancelled(status, Asks::NOTHING), Cancelled::AlreadySo);
        }
        let becomes = |status, asks| match cancelled(status, asks) {
            Cancelled::Step(step) => Some(step.status),
            Cancelled::AlreadySo | Cancelled::TooLate => None,
        };
        for status in [Pending, Accepted] {
            for asks in Asks::ALL {
                assert_eq!(becomes(status, *asks), Some(OrderStatus::Cancelled));
            }
        }
        for asks in Asks::ALL {
            let asked_first = if asks.delivery {
                Cancelling
            } else {
                OrderStatus::Cancelled
            };
            assert_eq!(becomes(Paid, *asks), Some(asked_first), "{asks:?}");
        }
    }
}
