//! The table of an order's steps.

use std::collections::BTreeSet;

use OrderStatus::{
    Accepted, Cancelled, Cancelling, Delivered, InDelivery, Paid, Pending, Rejected,
};
use events::{Asks, OrderStatus};

const ALL: Asks = Asks {
    payment: true,
    delivery: true,
};

fn steps(asks: Asks) -> BTreeSet<(OrderStatus, OrderStatus)> {
    let pairs = OrderStatus::ALL
        .iter()
        .flat_map(|from| OrderStatus::ALL.iter().map(|to| (*from, *to)));
    pairs
        .filter(|(from, to)| from.may_become(*to, asks))
        .collect()
}

#[test]
fn an_order_takes_the_steps_that_it_asks_for() {
    let bare = [
        (Pending, Accepted),
        (Pending, Rejected),
        (Pending, Cancelled),
        (Accepted, Cancelled),
        (Paid, Cancelled),
    ];
    assert_eq!(steps(Asks::NOTHING), BTreeSet::from(bare));
    let mut paid = BTreeSet::from(bare);
    paid.insert((Accepted, Paid));
    let payment = Asks {
        payment: true,
        delivery: false,
    };
    assert_eq!(steps(payment), paid);
    paid.extend([
        (Paid, InDelivery),
        (Paid, Cancelling),
        (Cancelling, InDelivery),
        (Cancelling, Cancelled),
        (InDelivery, Delivered),
        (InDelivery, Cancelled),
    ]);
    assert_eq!(steps(ALL), paid);
}

#[test]
fn an_order_rests_where_only_a_cancellation_may_follow() {
    for asks in Asks::ALL {
        for status in OrderStatus::ALL {
            let reached = Pending.steps_to(*status, *asks).is_some();
            let goes_on = OrderStatus::ALL.iter().any(|next| {
                status.may_become(*next, *asks) && !matches!(next, Cancelled | Cancelling)
            });
            if reached {
                assert_eq!(status.rests(*asks), !goes_on, "{status:?} with {asks:?}");
            }
        }
    }
    assert!(Accepted.rests(Asks::NOTHING));
    assert!(!Accepted.rests(ALL) && !Paid.rests(ALL));
    for end in [Rejected, Cancelled, Delivered] {
        assert!(Asks::ALL.iter().all(|asks| end.rests(*asks)), "{end:?}");
    }
}

#[test]
fn no_steps_come_back_to_where_they_began() {
    for asks in Asks::ALL {
        for from in OrderStatus::ALL {
            for to in OrderStatus::ALL {
                let there = from.steps_to(*to, *asks).is_some();
                let back = to.steps_to(*from, *asks).is_some();
                assert!(!(there && back && from != to), "{from:?} and {to:?}");
            }
        }
    }
}

#[test]
fn the_steps_to_a_status_are_the_fewest_and_those_of_the_table() {
    assert_eq!(
        Pending.steps_to(Delivered, ALL).unwrap(),
        [Accepted, Paid, InDelivery, Delivered]
    );
    assert_eq!(Pending.steps_to(Cancelled, ALL).unwrap(), [Cancelled]);
    assert_eq!(Pending.steps_to(Paid, Asks::NOTHING), None);
    for asks in Asks::ALL {
        for from in OrderStatus::ALL {
            for to in OrderStatus::ALL {
                let mut at = *from;
                for step in from.steps_to(*to, *asks).unwrap_or_default() {
                    assert!(at.may_become(step, *asks), "{at:?} -> {step:?}");
                    at = step;
                }
            }
        }
    }
}
