//! Money: an integer of minor units with its currency. No floating point anywhere.

use std::fmt;

pub use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decimal::{Decimal, Uncountable};

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in the currency's minor unit (cents), so 5.99 is 599.
    pub minor: i64,
    /// The currency, as its ISO 4217 code.
    pub currency: Currency,
}

/// The currency of a shop that says nothing else.
pub const DEFAULT_CURRENCY: Currency = Currency::EUR;

/// Why an amount is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Not a decimal number.
    #[error("\"{0}\" is not a decimal number")]
    NotANumber(String),
    /// More decimal places than the currency has.
    #[error("{amount} has more decimal places than {currency} has ({places})")]
    TooPrecise {
        /// The amount given.
        amount: String,
        /// The currency's code.
        currency: &'static str,
        /// The places that it has.
        places: u16,
    },
    /// Larger than can be counted.
    #[error("the amount is too large")]
    Overflow,
    /// Two amounts of different currencies.
    #[error("{0} and {1} can't be added")]
    Mixed(&'static str, &'static str),
}

impl Money {
    /// `minor` minor units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a decimal number such as `5.99`, exactly: `5.990` and `599e-2` are the same.
    ///
    /// # Errors
    /// When it is not a number, is finer than the currency's minor unit, or too large.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let amount: Decimal = text
            .parse()
            .map_err(|_| MoneyError::NotANumber(text.to_owned()))?;
        let places = currency.exponent().unwrap_or(0);
        let minor = amount.parts(places).map_err(|why| match why {
            Uncountable::TooLarge => MoneyError::Overflow,
            Uncountable::TooFine => MoneyError::TooPrecise {
                amount: text.to_owned(),
                currency: currency.code(),
                places,
            },
        })?;
        Ok(Self { minor, currency })
    }

    /// The amount as a decimal number with all of the currency's places: `5.99`, `30.00`.
    pub fn to_decimal(self) -> String {
        let places = usize::from(self.currency.exponent().unwrap_or(0));
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, parts) = digits.split_at(digits.len() - places);
        let point = if places == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{parts}")
    }

    /// `self` times `count`.
    ///
    /// # Errors
    /// When the product is too large.
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        let minor = self
            .minor
            .checked_mul(i64::from(count))
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// `self` and `other` together.
    ///
    /// # Errors
    /// When the currencies differ or the sum is too large.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(
                self.currency.code(),
                other.currency.code(),
            ));
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency.code())
    }
}

/// An amount as HTTP shows it: a JSON number with all decimal places, never a float in between.
///
/// Reading keeps the digits as they were written; [`Money::from_decimal`] judges them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecimalNumber(Box<serde_json::value::RawValue>);

impl DecimalNumber {
    /// The digits as written; for a JSON value that is not a number, that value's text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl From<Money> for DecimalNumber {
    fn from(amount: Money) -> Self {
        // Digits and one point are a JSON number, so this can't fail; were it to, null is honest.
        let raw = serde_json::value::RawValue::from_string(amount.to_decimal());
        Self(raw.unwrap_or_else(|_| serde_json::value::RawValue::NULL.to_owned()))
    }
}
