//! Holds orders and stock, as the services have them, against what customers and the admin were told.

use std::collections::HashMap;
use std::pin::pin;

use events::{Cancellation, OrderStatus, Reason};
use futures::{Stream, TryStreamExt};
use orders::store::audit::AuditedOrder;
use outbox::StoreError;
use products::store::audit::AuditedProduct;
use uuid::Uuid;

use super::expectations::{Expectations, Lines, Promise};
use super::products::PRICE_MINOR;

/// What the databases say in the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) accepted: u64,
    pub(super) paid: u64,
    pub(super) rejected: u64,
    pub(super) cancelled: u64,
    /// How many records were handled again in the replay from the beginning.
    pub(super) replayed: i64,
}

/// Every promise is an order, once, settled and as it was asked for; every order was promised.
/// Orders are promised under one key each, so this says that no key gave two.
///
/// # Errors
/// When the orders can't be read.
pub(super) async fn of_orders(
    stored: impl Stream<Item = Result<AuditedOrder, StoreError>>,
    expectations: &Expectations,
) -> Result<Outcome, StoreError> {
    let mut promises = expectations.promises();
    let mut outcome = Outcome::default();
    let mut stored = pin!(stored);
    while let Some(order) = stored.try_next().await? {
        match order.status {
            OrderStatus::Accepted if !order.asks.payment => outcome.accepted += 1,
            OrderStatus::Paid => outcome.paid += 1,
            OrderStatus::Rejected => outcome.rejected += 1,
            OrderStatus::Cancelled => outcome.cancelled += 1,
            other => {
                let (id, status) = (order.id, other.name());
                expectations.violation(format!("order {id} is {status} in the end"));
            }
        }
        let id = Uuid::from_bytes(order.id.into_bytes());
        match promises.remove(&id) {
            Some(promise) => check(&order, &promise, expectations),
            None => expectations.violation(format!(
                "order {id} is in the databases, but under no key was it ever acknowledged"
            )),
        }
    }
    missing(&promises, expectations);
    Ok(outcome)
}

/// What was put in stock is what the admin was told, or asked for without hearing of it.
///
/// # Errors
/// When the products can't be read.
pub(super) async fn of_stock(
    products: impl Stream<Item = Result<AuditedProduct, StoreError>>,
    expectations: &Expectations,
) -> Result<(), StoreError> {
    let told = expectations.stock();
    let mut products = pin!(products);
    while let Some(product) = products.try_next().await? {
        let Some(known) = told.get(&product.state.name) else {
            continue;
        };
        if product.stocked < known.surely || product.stocked > known.surely + known.perhaps {
            expectations.violation(format!(
                "{} units of {} were put in stock; the admin was told of {known:?}",
                product.stocked, product.state.name
            ));
        }
    }
    Ok(())
}

fn check(order: &AuditedOrder, promise: &Promise, expectations: &Expectations) {
    let mut lines = Lines::new();
    for line in &order.lines {
        *lines.entry(line.name.clone()).or_default() += u64::from(line.quantity);
    }
    let units: u64 = lines.values().sum();
    let cost = i64::try_from(units)
        .unwrap_or(i64::MAX)
        .saturating_mul(PRICE_MINOR);
    if lines != promise.lines || order.total.minor != cost {
        expectations.violation(format!(
            "order {} is not what key {} asked for: {lines:?} for {:?}, not {:?}",
            order.id, promise.key, order.total, promise.lines
        ));
    }
    if order.asks.payment != promise.paid_for {
        expectations.violation(format!(
            "order {} of key {} asks for {:?}, and to be paid for: {}",
            order.id, promise.key, order.asks, promise.paid_for
        ));
    }
    let is_cancelled = order.status == OrderStatus::Cancelled;
    let moves_on = is_cancelled || order.status == OrderStatus::Paid;
    match promise.cancellation {
        Some(true) if !is_cancelled => expectations.violation(format!(
            "order {} was told to be cancelled, but is {}",
            order.id,
            order.status.name()
        )),
        None if is_cancelled && !is_unpaid(order) => expectations.violation(format!(
            "order {} is cancelled, and nobody asked for it",
            order.id
        )),
        _ => {}
    }
    if let Some(told) = &promise.told
        && told != order.status.name()
        && !(moves_on && told == OrderStatus::Accepted.name())
    {
        expectations.violation(format!(
            "order {} was told to be {told}, but is {}",
            order.id,
            order.status.name()
        ));
    }
}

/// Whether it is cancelled because nobody paid for it.
fn is_unpaid(order: &AuditedOrder) -> bool {
    let unpaid = [Cancellation::PaymentDeclined, Cancellation::PaymentExpired];
    let reasons = unpaid.map(|why| Some(Reason::Cancellation(why)));
    order.asks.payment && reasons.contains(&order.reason)
}

fn missing(promises: &HashMap<Uuid, Promise>, expectations: &Expectations) {
    for (id, promise) in promises {
        expectations.violation(format!(
            "order {id} was acknowledged for key {}, but is not in the databases",
            promise.key
        ));
    }
}

#[cfg(test)]
mod tests {
    use events::{AccountId, Money, OrderId, OrderLine, ProductId, ProductState};
    use futures::stream;
    use serde_json::json;

    use super::*;
    use crate::chaos::expectations::Stocked;

    fn money(minor: i64) -> Money {
        let currency = serde_json::from_value(json!("EUR")).unwrap();
        Money::new(minor, currency)
    }

    fn order(id: u8, status: OrderStatus, quantity: u32) -> AuditedOrder {
        let total = money(PRICE_MINOR * i64::from(quantity));
        let line = OrderLine {
            product_id: ProductId::from_bytes([1; 16]),
            name: "hot".to_owned(),
            quantity,
            unit_price: money(PRICE_MINOR),
            seller: None,
        };
        AuditedOrder {
            id: OrderId::from_bytes([id; 16]),
            customer: AccountId::from_bytes([9; 16]),
            status,
            reason: None,
            lines: vec![line],
            total,
            version: 2,
            asks: events::Asks::NOTHING,
            way: vec![OrderStatus::Pending, status],
        }
    }

    fn promised(expectations: &Expectations, id: u8, told: Option<&str>) {
        promise(expectations, id, told, false);
    }

    fn promise(expectations: &Expectations, id: u8, told: Option<&str>, paid_for: bool) {
        let promise = Promise {
            key: format!("key-{id}"),
            lines: [("hot".to_owned(), 2)].into(),
            told: told.map(str::to_owned),
            paid_for,
            cancellation: None,
        };
        expectations.promised(Uuid::from_bytes([id; 16]), promise);
    }

    /// What is found wrong with `orders` when the orders 1 and 2 were promised, 2 as accepted.
    async fn found(orders: Vec<AuditedOrder>) -> (Outcome, Vec<String>) {
        let expectations = Expectations::default();
        promised(&expectations, 1, None);
        promised(&expectations, 2, Some("ACCEPTED"));
        let stored = stream::iter(orders.into_iter().map(Ok));
        let outcome = of_orders(stored, &expectations).await.unwrap();
        (outcome, expectations.violations().1)
    }

    #[tokio::test]
    async fn what_is_as_it_was_promised_is_right() {
        let orders = vec![
            order(1, OrderStatus::Rejected, 2),
            order(2, OrderStatus::Accepted, 2),
        ];
        let (outcome, wrong) = found(orders).await;
        assert_eq!((outcome.accepted, outcome.rejected), (1, 1));
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[tokio::test]
    async fn whatever_is_off_is_named() {
        let (one, two) = (
            order(1, OrderStatus::Rejected, 2),
            order(2, OrderStatus::Accepted, 2),
        );
        let cases = [
            (vec![one.clone()], "not in the databases"),
            (
                vec![one.clone(), two.clone(), order(3, OrderStatus::Accepted, 2)],
                "ever acknowledged",
            ),
            (
                vec![one.clone(), two.clone(), two.clone()],
                "ever acknowledged",
            ),
            (
                vec![one.clone(), order(2, OrderStatus::Rejected, 2)],
                "was told to be",
            ),
            (
                vec![order(1, OrderStatus::Pending, 2), two.clone()],
                "PENDING in the end",
            ),
            (
                vec![order(1, OrderStatus::Accepted, 3), two.clone()],
                "asked for",
            ),
        ];
        for (orders, expected) in cases {
            let (_, wrong) = found(orders).await;
            assert_eq!(wrong.len(), 1, "{expected}: {wrong:?}");
            assert!(wrong[0].contains(expected), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn what_was_cancelled_was_asked_for_and_what_was_told_is_so() {
        for (asked, status, expected) in [
            (Some(true), OrderStatus::Cancelled, None),
            (Some(false), OrderStatus::Cancelled, None),
            (Some(false), OrderStatus::Accepted, None),
            (
                Some(true),
                OrderStatus::Accepted,
                Some("told to be cancelled"),
            ),
            (None, OrderStatus::Cancelled, Some("nobody asked for it")),
        ] {
            let expectations = Expectations::default();
            promised(&expectations, 1, Some("ACCEPTED"));
            if let Some(acknowledged) = asked {
                expectations.cancelled(Uuid::from_bytes([1; 16]), acknowledged);
            }
            let stored = stream::iter([Ok(order(1, status, 2))]);
            of_orders(stored, &expectations).await.unwrap();
            let found = expectations.violations().1;
            assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
            assert!(
                expected.is_none_or(|text| found[0].contains(text)),
                "{found:?}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_to_be_paid_for_is_paid_or_cancelled_for_that() {
        let declined = Some(Reason::Cancellation(Cancellation::PaymentDeclined));
        for (status, reason, asks, expected) in [
            (OrderStatus::Paid, None, true, None),
            (OrderStatus::Cancelled, declined.clone(), true, None),
            (OrderStatus::Rejected, None, true, None),
            (OrderStatus::Accepted, None, true, Some("in the end")),
            (OrderStatus::Cancelled, None, true, Some("nobody asked")),
            (OrderStatus::Paid, None, false, Some("to be paid for")),
        ] {
            let expectations = Expectations::default();
            promise(&expectations, 1, None, true);
            let mut order = order(1, status, 2);
            (order.reason, order.asks.payment) = (reason, asks);
            let stored = stream::iter([Ok(order)]);
            of_orders(stored, &expectations).await.unwrap();
            let found = expectations.violations().1;
            assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
            assert!(
                expected.is_none_or(|text| found[0].contains(text)),
                "{found:?}"
            );
        }
    }

    #[tokio::test]
    async fn stock_lies_between_what_is_sure_and_what_may_be() {
        for (stocked, right) in [(9, false), (10, true), (15, true), (16, false)] {
            let expectations = Expectations::default();
            expectations.stocked("hot", |known| {
                *known = Stocked {
                    surely: 10,
                    perhaps: 5,
                };
            });
            let state = ProductState {
                product_id: ProductId::from_bytes([1; 16]),
                name: "hot".to_owned(),
                description: String::new(),
                price: money(PRICE_MINOR),
                quantity: 1,
                stocked: None,
                categories: Vec::new(),
                version: 1,
            };
            let products = stream::iter([Ok(AuditedProduct { state, stocked })]);
            of_stock(products, &expectations).await.unwrap();
            assert_eq!(expectations.violations().0 == 0, right, "{stocked}");
        }
    }
}
