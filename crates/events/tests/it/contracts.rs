//! Every frozen sample of `src/contracts` is read by today's code, and written again as it was.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use events::money::DEFAULT_CURRENCY;
use events::{
    AccountUpdate, BalanceUpdate, Cancellation, CartCheckout, CheckoutRejection, Money,
    OrderCreate, OrderDetails, OrderStatusUpdate, OrderUpdate, PaymentUpdate, ProductCreate,
    ProductId, ProductsQuantityUpdate, PurchaseCreate, Reason, Rejection,
};
use outbox::{Event, InvalidMessage};
use serde_json::Value;

fn samples() -> Vec<(String, u32, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contracts");
    let mut samples: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let (name, version) = stem
                .split_once(".v")
                .expect("samples are named TYPE.vN.json");
            (
                name.to_owned(),
                version.parse().unwrap(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    samples.sort();
    samples
}

/// Reads a sample; for the current version it must also be what is written today.
fn check<E: Event>(version: u32, payload: &[u8]) {
    let event = E::read(version, payload).unwrap_or_else(|e| panic!("{}: {e}", E::TYPE));
    if version == E::VERSION {
        let frozen: Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(
            serde_json::to_value(&event).unwrap(),
            frozen,
            "{} v{version}",
            E::TYPE
        );
    }
}

#[test]
fn every_sample_is_readable() {
    for (name, version, payload) in samples() {
        match name.as_str() {
            AccountUpdate::TYPE => check::<AccountUpdate>(version, &payload),
            CartCheckout::TYPE => check::<CartCheckout>(version, &payload),
            BalanceUpdate::TYPE => check::<BalanceUpdate>(version, &payload),
            OrderCreate::TYPE => check::<OrderCreate>(version, &payload),
            OrderDetails::TYPE => check::<OrderDetails>(version, &payload),
            OrderUpdate::TYPE => check::<OrderUpdate>(version, &payload),
            OrderStatusUpdate::TYPE => check::<OrderStatusUpdate>(version, &payload),
            PaymentUpdate::TYPE => check::<PaymentUpdate>(version, &payload),
            ProductCreate::TYPE => check::<ProductCreate>(version, &payload),
            ProductsQuantityUpdate::TYPE => check::<ProductsQuantityUpdate>(version, &payload),
            PurchaseCreate::TYPE => check::<PurchaseCreate>(version, &payload),
            other => panic!("no event reads the sample of {other}"),
        }
    }
}

#[test]
fn every_event_has_a_sample_of_each_version() {
    let there: BTreeSet<(String, u32)> = samples()
        .into_iter()
        .map(|(name, version, _)| (name, version))
        .collect();
    let events = [
        (AccountUpdate::TYPE, AccountUpdate::VERSION),
        (CartCheckout::TYPE, CartCheckout::VERSION),
        (BalanceUpdate::TYPE, BalanceUpdate::VERSION),
        (OrderCreate::TYPE, OrderCreate::VERSION),
        (OrderDetails::TYPE, OrderDetails::VERSION),
        (PaymentUpdate::TYPE, PaymentUpdate::VERSION),
        (OrderUpdate::TYPE, OrderUpdate::VERSION),
        (OrderStatusUpdate::TYPE, OrderStatusUpdate::VERSION),
        (ProductCreate::TYPE, ProductCreate::VERSION),
        (
            ProductsQuantityUpdate::TYPE,
            ProductsQuantityUpdate::VERSION,
        ),
    ];
    for (name, current) in events {
        for version in 1..=current {
            assert!(
                there.contains(&(name.to_owned(), version)),
                "no sample of {name} v{version}"
            );
        }
    }
}

fn sample(event_type: &str) -> Value {
    let (_, _, payload) = samples()
        .into_iter()
        .find(|(name, _, _)| name == event_type)
        .unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[test]
fn an_added_field_does_not_hurt() {
    let mut value = sample(OrderCreate::TYPE);
    value["added_later"] = Value::from("by a newer build");
    let read = OrderCreate::read(1, value.to_string().as_bytes());
    assert!(read.is_ok(), "{read:?}");
}

#[test]
fn a_reason_of_a_newer_build_is_read_by_its_code() {
    let mut value = sample(OrderUpdate::TYPE);
    value["reason"] = serde_json::json!({ "code": "lost-on-the-way", "attempts": 3 });
    let read = OrderUpdate::read(1, value.to_string().as_bytes()).unwrap();
    let code = "lost-on-the-way".to_owned();
    assert_eq!(read.reason, Some(Reason::Other { code }));
}

#[test]
fn a_reason_is_published_by_its_code_and_its_product() {
    let product_id = ProductId::from_u128(7);
    let mut reasons = vec![
        Reason::Rejection(Rejection::InsufficientStock {
            product_id,
            available: 1,
        }),
        Reason::Rejection(Rejection::UnknownProduct { product_id }),
        Reason::Checkout(CheckoutRejection::PriceChanged {
            product_id,
            price: Money::new(599, DEFAULT_CURRENCY),
        }),
    ];
    for cancellation in Cancellation::ALL {
        let code = cancellation.code();
        assert_eq!(Cancellation::from_code(code), Some(cancellation));
        reasons.push(Reason::Cancellation(cancellation));
    }
    for reason in reasons {
        let published = serde_json::to_value(&reason).unwrap();
        assert_eq!(published["code"], reason.code());
        let product = reason.product_id().map(|id| id.to_string());
        assert_eq!(published["product_id"].as_str(), product.as_deref());
        assert_eq!(serde_json::from_value::<Reason>(published).unwrap(), reason);
    }
}

#[test]
fn an_unknown_version_is_named() {
    let refused = OrderCreate::read(99, b"{}").unwrap_err();
    let expected = InvalidMessage::UnknownVersion {
        event_type: "OrderCreate".to_owned(),
        version: 99,
    };
    assert_eq!(refused, expected);
}
