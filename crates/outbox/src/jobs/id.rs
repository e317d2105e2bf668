//! The name by which a job is scheduled once and never again.

use std::fmt::{self, Write as _};

/// A job's identity, made of what it is about, so that whoever decides the same again schedules
/// the same job. It is never free again: an id that has run, was cancelled or was discarded
/// stays taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(String);

impl JobId {
    /// The id of `kind` for these parts: `send-email:0198c6b1-...:3`.
    ///
    /// Different parts never make the same id, and it is one segment of a path.
    ///
    /// ```
    /// use outbox::jobs::JobId;
    ///
    /// let id = JobId::of("send-email", &[&"ada@example.org", &3]);
    /// assert_eq!(id.as_str(), "send-email:ada@example.org:3");
    /// ```
    pub fn of(kind: &str, parts: &[&dyn fmt::Display]) -> Self {
        let mut id = escaped(kind);
        for part in parts {
            id.push(':');
            id.push_str(&escaped(&part.to_string()));
        }
        Self(id)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without what separates parts, and what an address or a terminal would trip over.
fn escaped(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for character in part.chars() {
        if matches!(character, '%' | ':' | '/' | '?' | '#')
            || character.is_whitespace()
            || character.is_control()
        {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                let _ = write!(escaped, "%{byte:02X}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// An id as it is kept or typed.
impl From<String> for JobId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_parts_make_different_ids() {
        let ids = [
            JobId::of("a", &[&"b", &"c"]),
            JobId::of("a", &[&"b:c"]),
            JobId::of("a", &[&"b%3Ac"]),
            JobId::of("a", &[&"b", &""]),
            JobId::of("a:b", &[&"c"]),
        ];
        let different: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "{ids:?}");
    }

    #[test]
    fn an_id_is_one_segment_of_a_path() {
        let id = JobId::of("mail", &[&"a/b c?d#e\n"]);
        assert_eq!(id.as_str(), "mail:a%2Fb%20c%3Fd%23e%0A");
    }
}
