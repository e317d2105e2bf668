//! Decimal numbers as texts have them, and counting in parts of one: exactly or not at all.
//!
//! Our own, because a library's decimal has a fixed number of digits and rounds what has more: a price of 5.9900...01
//! would be taken as 5.99.

use std::str::FromStr;

/// A decimal number as JSON writes one: `5.99`, `-0.5`, `1e2`. Of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Its digits without the zeros around them; none for zero.
    digits: String,
    /// The last digit counts for ten to the power of this.
    power: i64,
}

/// Not a decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotDecimal;

/// Why a number can't be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncountable {
    /// It is finer than what is counted in.
    TooFine,
    /// There is no counting so far.
    TooLarge,
}

impl Decimal {
    /// Whether it is less than zero; `-0` is not.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// How many parts of ten to the power of minus `places` it is: `5.99` is 599 hundredths.
    ///
    /// # Errors
    /// When that is not a whole number, or is beyond an `i64`.
    pub fn parts(&self, places: u16) -> Result<i64, Uncountable> {
        if self.digits.is_empty() {
            return Ok(0);
        }
        let power = self.power.saturating_add(i64::from(places));
        if power < 0 {
            return Err(Uncountable::TooFine);
        }
        let sign = if self.negative { "-" } else { "" };
        let scale = u32::try_from(power)
            .ok()
            .and_then(|power| 10_i64.checked_pow(power));
        let parts = scale.and_then(|scale| {
            let digits: i64 = format!("{sign}{}", self.digits).parse().ok()?;
            digits.checked_mul(scale)
        });
        parts.ok_or(Uncountable::TooLarge)
    }
}

impl FromStr for Decimal {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, are_digits(fraction)?),
            None => (mantissa, ""),
        };
        let all = format!("{}{fraction}", are_digits(whole)?);
        let digits = all.trim_end_matches('0');
        let trimmed = all.len() - digits.len();
        let digits = digits.trim_start_matches('0');
        let shift = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(Self {
            negative: negative && !digits.is_empty(),
            power: exponent
                .saturating_sub(shift(fraction.len()))
                .saturating_add(shift(trimmed)),
            digits: digits.to_owned(),
        })
    }
}

fn are_digits(text: &str) -> Result<&str, NotDecimal> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(NotDecimal)
    }
}

/// One beyond counting is as good as the last that can be counted.
fn read_exponent(text: &str) -> Result<i64, NotDecimal> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) if text.starts_with('-') => (-1, digits),
        Some(digits) => (1, digits),
        None => (1, text),
    };
    let most = i64::from(i32::MAX);
    Ok(sign * are_digits(digits)?.parse().unwrap_or(most).min(most))
}
