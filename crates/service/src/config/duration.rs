//! Durations as people write them.

use std::time::Duration;

use jiff::SignedDuration;

/// A duration that can't be read, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: use a positive number with a unit, such as 500ms, 5s or 2m")]
pub struct InvalidDuration(String);

/// Reads a positive duration such as `500ms`, `5s` or `1m 30s`; a `clap` value parser.
///
/// # Errors
///
/// [`InvalidDuration`] when the unit is missing or unknown, or the value is zero or negative.
pub fn duration(text: &str) -> Result<Duration, InvalidDuration> {
    pause(text).and_then(|duration| match duration {
        Duration::ZERO => Err(InvalidDuration(text.to_owned())),
        _ => Ok(duration),
    })
}

/// Reads a duration that may be none at all, such as `0ms`; a `clap` value parser.
///
/// # Errors
///
/// [`InvalidDuration`] when the unit is missing or unknown, or the value is negative.
pub fn pause(text: &str) -> Result<Duration, InvalidDuration> {
    let refused = || InvalidDuration(text.to_owned());
    let signed: SignedDuration = text.trim().parse().map_err(|_| refused())?;
    Duration::try_from(signed).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration(" 5s "), Ok(Duration::from_secs(5)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn a_pause_may_be_zero() {
        assert_eq!(pause("0ms"), Ok(Duration::ZERO));
        assert_eq!(pause("20ms"), Ok(Duration::from_millis(20)));
        assert!(pause("-1ms").is_err() && pause("0").is_err());
    }

    #[test]
    fn a_bare_number_zero_and_negatives_are_refused_with_the_way_out() {
        for wrong in ["5", "0s", "-1s", "", "soon"] {
            let refusal = duration(wrong).unwrap_err().to_string();
            assert!(
                refusal.contains(wrong) && refusal.contains("500ms"),
                "{refusal}"
            );
        }
    }
}
