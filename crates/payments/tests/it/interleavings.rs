//! Whatever happens in whichever order: money is charged once, given back once, and the ledger, the provider and
//! the balance agree.

use events::{LedgerAccount, PaymentStatus};
use proptest::prelude::*;

use crate::world::{AMOUNT, Answer, BALANCE, Card, Step, World};

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(Answer::Heard),
        1 => Just(Answer::Lost),
        1 => Just(Answer::Late),
    ]
}

fn card() -> impl Strategy<Value = Card> {
    prop_oneof![
        3 => Just(Card::Good),
        2 => Just(Card::Declined),
        1 => Just(Card::Balance),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => card().prop_map(Step::Pay),
        4 => answer().prop_map(Step::Charge),
        2 => Just(Step::Arrive),
        3 => answer().prop_map(Step::Capture),
        2 => answer().prop_map(Step::Void),
        2 => answer().prop_map(Step::Refund),
        3 => (0..20_usize).prop_map(Step::Tell),
        1 => Just(Step::Window),
        1 => Just(Step::Cancel),
        1 => (1..1_200_i64).prop_map(Step::Grant),
        1 => Just(Step::TakeForAbsent),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn in_whichever_order_things_happen_the_money_is_right_in_the_end(
        steps in prop::collection::vec(step(), 0..40)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.come_to_rest();
        let payment = &world.payment;
        prop_assert!(!world.promises(), "{world:#?}");
        prop_assert_eq!(world.on(LedgerAccount::Provider), world.held());
        let paid_from_balance = world.on(LedgerAccount::Balances);
        prop_assert_eq!(world.balance.amount.minor, BALANCE - paid_from_balance);
        let kept = payment.captured() - payment.refunded();
        prop_assert_eq!(kept, world.held() + paid_from_balance);
        if payment.cancelled || payment.closed.is_some() {
            prop_assert_eq!(kept, 0);
        } else {
            prop_assert_eq!(payment.captured(), AMOUNT);
        }
        prop_assert_eq!(world.on(LedgerAccount::Receivables), 0);
        prop_assert_ne!(payment.status(), PaymentStatus::Awaiting);
        prop_assert_ne!(payment.status(), PaymentStatus::Authorized);
    }

    #[test]
    fn what_comes_again_after_the_end_changes_nothing(
        steps in prop::collection::vec(step(), 0..30)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.come_to_rest();
        let before = world.payment.clone();
        for which in 0..20 {
            world.take(&Step::Tell(which));
        }
        world.take(&Step::Window);
        if before.cancelled {
            world.take(&Step::Cancel);
        }
        prop_assert_eq!(world.payment.wanted(), before.wanted());
        prop_assert_eq!(&world.payment, &before);
    }
}

fn after(steps: &[Step]) -> World {
    let mut world = World::new();
    for step in steps {
        world.take(step);
    }
    world
}

#[test]
fn a_card_pays() {
    let heard = Answer::Heard;
    let world = after(&[Step::Pay(Card::Good), Step::Charge(heard)]);
    assert_eq!(world.payment.status(), PaymentStatus::Authorized);
    let mut world = after(&[
        Step::Pay(Card::Good),
        Step::Charge(heard),
        Step::Capture(heard),
    ]);
    assert_eq!(world.payment.status(), PaymentStatus::Captured);
    world.take(&Step::Grant(400));
    world.take(&Step::Refund(heard));
    assert_eq!(world.payment.status(), PaymentStatus::Captured);
    assert_eq!((world.held(), world.payment.left()), (600, 600));
    world.take(&Step::Cancel);
    world.come_to_rest();
    assert_eq!(world.payment.status(), PaymentStatus::Refunded);
    assert_eq!(world.on(LedgerAccount::Refunds), AMOUNT);
}

#[test]
fn the_last_decline_fails_it_and_an_earlier_one_does_not() {
    let declined = [Step::Pay(Card::Declined), Step::Charge(Answer::Heard)];
    let mut world = after(&[declined.clone(), declined.clone()].concat());
    assert_eq!(world.payment.status(), PaymentStatus::Awaiting);
    for step in &declined {
        world.take(step);
    }
    assert_eq!(world.payment.status(), PaymentStatus::Failed);
    world.take(&Step::Pay(Card::Good));
    assert_eq!(world.payment.attempts.len(), 3);
}

#[test]
fn a_charge_that_is_found_after_the_window_is_given_back() {
    let lost = [
        Step::Pay(Card::Good),
        Step::Charge(Answer::Lost),
        Step::Window,
    ];
    let mut world = after(&lost);
    assert_eq!(world.payment.status(), PaymentStatus::Expired);
    assert!(world.promises(), "it does not wait for the outcome");
    world.come_to_rest();
    assert_eq!(world.payment.status(), PaymentStatus::Expired);
    assert!(!world.promises());
}

/// The capture arrives at the provider, and its answer after the cancellation.
#[test]
fn a_capture_that_wins_against_a_cancellation_is_refunded_once() {
    let mut world = after(&[
        Step::Pay(Card::Good),
        Step::Charge(Answer::Heard),
        Step::Capture(Answer::Lost),
        Step::Cancel,
    ]);
    assert_eq!(world.payment.status(), PaymentStatus::Voided);
    assert_eq!(world.held(), AMOUNT);
    world.come_to_rest();
    assert_eq!(world.held(), 0);
    assert_eq!(world.payment.refunds.len(), 1);
}

#[test]
fn a_balance_pays_at_once_and_gets_it_back() {
    let mut world = after(&[Step::Pay(Card::Balance)]);
    assert_eq!(world.payment.status(), PaymentStatus::Captured);
    assert_eq!(world.balance.amount.minor, BALANCE - AMOUNT);
    world.take(&Step::Cancel);
    assert_eq!(world.payment.status(), PaymentStatus::Refunded);
    assert_eq!(world.balance.amount.minor, BALANCE);
}
