//! The header that names a trace (W3C Trace Context).

/// How long version `00` is, and so much of a later version as is known here.
pub(crate) const LENGTH: usize = 55;

/// What of `text` is a well-formed `traceparent`: 55 characters. A version above `00` may be longer;
/// what follows is never taken over (W3C Trace Context, 3.2 and 3.2.4).
pub(crate) fn traceparent(text: &str) -> Option<&str> {
    let first = text.get(..LENGTH)?;
    let bytes = text.as_bytes();
    let hex = |from: usize, to: usize| {
        let digit = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        bytes[from..to].iter().all(digit)
    };
    let drawn = |from: usize, to: usize| bytes[from..to].iter().any(|b| *b != b'0');
    let ends = match &first[..2] {
        "00" => text.len() == LENGTH,
        "ff" => false,
        _ => matches!(bytes.get(LENGTH), None | Some(b'-')),
    };
    let dashes = [2, 35, 52].iter().all(|at| bytes[*at] == b'-');
    let digits = hex(0, 2) && hex(3, 35) && hex(36, 52) && hex(53, LENGTH);
    (ends && dashes && digits && drawn(3, 35) && drawn(36, 52)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_what_is_well_formed_is_taken_over() {
        assert_eq!(traceparent(GOOD), Some(GOOD));
        let wrong = [
            String::new(),
            "00-0af7-b7ad-01".to_owned(),
            GOOD[..54].to_owned(),
            GOOD.replace("4bf9", "4BF9"),
            GOOD.replace("4bf9", "\u{e9}f9"),
            GOOD.replace("00-4", "ff-4"),
            GOOD.replace("-01", "_01"),
            GOOD.replace("-01", "-0g"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01".to_owned(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01".to_owned(),
        ];
        for wrong in wrong {
            assert_eq!(traceparent(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_follows_is_never_taken_over() {
        for more in ["-", "-aaaa", "a", &format!("-{}", "a".repeat(32_000))] {
            let text = format!("{GOOD}{more}");
            assert_eq!(traceparent(&text), None, "version 00 ends there");
            let newer = text.replace("00-4", "01-4");
            let taken = more.starts_with('-').then_some(&newer[..LENGTH]);
            assert_eq!(traceparent(&newer), taken);
        }
    }
}
