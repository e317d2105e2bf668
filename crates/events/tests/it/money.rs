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
fn no_amount_is_rounded() {
    for (text, minor) in [
        ("-0", 0),
        ("-0.000", 0),
        ("0e99999999999999999999", 0),
        ("599e-2", 599),
        ("0.0599E+2", 599),
        ("5.9900000000000000000000000000000000000000000000", 599),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
    ] {
        assert_eq!(read(text), Ok(minor), "{text}");
    }
    for text in [
        "0.0000000000000000000000000000001",
        "9.9999999999999999999999999999999",
        "4.999999999999999999999999999999",
        "5.990000000000000000000000000000001",
        "1e-3",
        "1e-99999999999999999999",
    ] {
        assert!(
            matches!(read(text), Err(MoneyError::TooPrecise { .. })),
            "{text}"
        );
    }
    for text in ["1e99999999999999999999", "99999999999999999999", "1e17"] {
        assert_eq!(read(text), Err(MoneyError::Overflow), "{text}");
    }
    for text in [
        "", "-", ".", "5.", ".5", "+5", "1_000", "1,5", "0x5", "e2", "1e", "1e+", "1e1.5", "--1",
        "1 ", "NaN", "inf", "\u{0665}",
    ] {
        assert!(
            matches!(read(text), Err(MoneyError::NotANumber(_))),
            "{text}"
        );
    }
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
    assert_eq!(shown(-5), "-0.05");
    let yen = Money::new(-500, events::money::Currency::JPY);
    assert_eq!(yen.to_decimal(), "-500");
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
    fn an_amount_is_what_its_digits_say_or_refused(
        digits in 1_i64..1_000_000, zeros in 0_usize..40, point in 0_u32..6,
    ) {
        let (whole, fraction) = (digits / 10_i64.pow(point), digits % 10_i64.pow(point));
        let width = usize::try_from(point).unwrap();
        let text = match point {
            0 => format!("{whole}"),
            _ => format!("{whole}.{fraction:0width$}{}", "0".repeat(zeros)),
        };
        match read(&text) {
            Ok(minor) => {
                prop_assert_eq!(minor * 10_i64.pow(point), digits * 100, "{}", text);
            }
            Err(_) => prop_assert!((digits * 100) % 10_i64.pow(point) != 0, "{}", text),
        }
    }

    #[test]
    fn what_is_shown_is_read_back(minor in any::<i64>()) {
        let money = Money::new(minor, DEFAULT_CURRENCY);
        prop_assert_eq!(Money::from_decimal(&money.to_decimal(), DEFAULT_CURRENCY), Ok(money));
    }
}
