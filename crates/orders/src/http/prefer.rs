//! The headers by which a customer says how an order is to be placed.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

/// The header by which a wait is asked for (RFC 7240).
pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header that says which preference was followed (RFC 7240).
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest wait in seconds; a longer one is cut to it.
pub(super) const MAX_WAIT: u64 = 30;

/// The wait that `Prefer: wait=N` asks for, at most [`MAX_WAIT`].
///
/// A preference that can't be read is passed over, as RFC 7240 wants it; of several the first
/// counts.
pub(super) fn wait(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|preference| {
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("wait") {
                return None;
            }
            let seconds: u64 = value.trim().trim_matches('"').parse().ok()?;
            Some(Duration::from_secs(seconds.min(MAX_WAIT)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefer(values: &[&str]) -> Option<u64> {
        let headers = values.iter().map(|value| (PREFER, value.parse().unwrap()));
        wait(&headers.collect()).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_found_among_other_preferences() {
        assert_eq!(prefer(&["wait=10"]), Some(10));
        assert_eq!(prefer(&["respond-async, WAIT=5"]), Some(5));
        assert_eq!(prefer(&["return=minimal", "wait = \"7\"; x=1"]), Some(7));
        assert_eq!(prefer(&["wait=0"]), Some(0));
        assert_eq!(prefer(&["wait=600"]), Some(30));
        for none in ["", "wait", "wait=soon", "wait=-1", "wait=1.5", "waiting=3"] {
            assert_eq!(prefer(&[none]), None, "{none}");
        }
    }
}
