use events::money::{DEFAULT_CURRENCY, DecimalNumber};
use events::{Money, MoneyError};
use proptest::prelude::*;

fn read(text: &str) -> Result<i64, MoneyError> {
    Money::from_decimal(text, DEFAULT_CURRENCY).map(|money| money.minor)
}

#[test]
fn decimals_are_read_exactly() {
    assert_eq!(read("5.99"), Ok(599));
    assert_eq!(read("5.9"), Ok(590));
    assert_eq!(read("5"), Ok(500));
    assert_eq!(read("5.990"), Ok(599));
    assert_eq!(read("-0.01"), Ok(-1));
    assert_eq!(read("1e2"), Ok(10_000));
}

#[test]
fn what_is_no_amount_is_refused() {
    assert!(matches!(read("5.999"), Err(MoneyError::TooPrecise { .. })));
    assert!(matches!(read("\"5\""), Err(MoneyError::NotANumber(_))));
    assert!(matches!(read("null"), Err(MoneyError::NotANumber(_))));
    assert_eq!(read("92233720368547758.08"), Err(MoneyError::Overflow));
}

#[test]
fn http_shows_two_places() {
    let shown = |minor| {
        let number = DecimalNumber::from(Money::new(minor, DEFAULT_CURRENCY));
        serde_json::to_string(&number).unwrap()
    };
    assert_eq!(shown(599), "5.99");
    assert_eq!(shown(3000), "30.00");
    assert_eq!(shown(5), "0.05");
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    let most = Money::new(i64::MAX, DEFAULT_CURRENCY);
    assert_eq!(most.times(2), Err(MoneyError::Overflow));
    assert_eq!(
        most.plus(Money::new(1, DEFAULT_CURRENCY)),
        Err(MoneyError::Overflow)
    );
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(minor in any::<i64>()) {
        let money = Money::new(minor, DEFAULT_CURRENCY);
        prop_assert_eq!(Money::from_decimal(&money.to_decimal(), DEFAULT_CURRENCY), Ok(money));
    }
}
