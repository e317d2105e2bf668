//! The headers by which a customer says how an order is to be placed.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};
use service::http::Problem;

/// The header of a request that may be repeated.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The header by which a wait is asked for (RFC 7240).
pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header that says which preference was followed (RFC 7240).
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest wait in seconds; a longer one is cut to it.
pub(super) const MAX_WAIT: u64 = 30;
const MAX_KEY: usize = 255;

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

/// The key of a request that may be repeated, when it has one.
///
/// # Errors
/// 400 when it is not 1 to 255 visible ASCII characters, or there are two.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let sane = keys.next().is_none()
        && (1..=MAX_KEY).contains(&key.len())
        && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if sane => Ok(Some(key)),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-idempotency-key",
            "The idempotency key can't be one",
        )
        .detail(format!(
            "send one Idempotency-Key of 1 to {MAX_KEY} visible ASCII characters, such as a UUID"
        ))),
    }
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

    fn key(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
        let headers: HeaderMap = values
            .iter()
            .map(|value| {
                (
                    IDEMPOTENCY_KEY,
                    http::HeaderValue::from_bytes(value).unwrap(),
                )
            })
            .fold(HeaderMap::new(), |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            });
        idempotency_key(&headers)
            .map(|key| key.map(str::to_owned))
            .map_err(|p| p.code())
    }

    #[test]
    fn a_key_is_one_visible_word() {
        assert_eq!(key(&[]), Ok(None));
        assert_eq!(key(&[b"\"abc-1\""]), Ok(Some("\"abc-1\"".to_owned())));
        assert_eq!(key(&[&[b'k'; 255]]), Ok(Some("k".repeat(255))));
        for wrong in [
            &[b"".as_slice()][..],
            &[b"a b"],
            &[&[b'k'; 256]],
            &[b"\xe9"],
            &[b"a", b"a"],
        ] {
            assert_eq!(key(wrong), Err("invalid-idempotency-key"));
        }
    }
}
